/** `evenkeel node activate`: lets a node take tasks again. */
import * as CommonOptions from "../../CommonOptions.ts"
import * as Leaf from "../../Leaf.ts"

export const options = () => ({
  node: CommonOptions.node(),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["node", "activate"],
  about: "Lets a drained or paused node take tasks again.",
  examples: [["evenkeel node activate n3", "back in service"]],
  options,
  load: () => import("../../actions/NodeActivate.ts")
})
