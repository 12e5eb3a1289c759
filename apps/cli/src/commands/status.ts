/** `evenkeel status`: where tasks are, how even that is, what is wrong. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  watch: Parameter.flag("watch", "Read again every second until Ctrl-C. On a terminal the screen is redrawn.", "w"),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["status"],
  about: "Shows nodes, services and where their tasks are, how even that is, and what is wrong.",
  examples: [
    ["evenkeel status", "everything at a glance"],
    ["evenkeel status --watch", "the same, again every second"],
    ["evenkeel status --format json", "for programs"]
  ],
  options,
  load: () => import("../actions/Status.ts")
})
