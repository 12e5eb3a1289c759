/** `evenkeel version`: which build this is. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => CommonOptions.output()

export const command = Leaf.make({
  path: ["version"],
  about: "Shows the version of this command.",
  examples: [
    ["evenkeel version", "for people"],
    ["evenkeel version --format json", "for programs"]
  ],
  options,
  load: () => import("../actions/Version.ts")
})
