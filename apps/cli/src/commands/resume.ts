/** `evenkeel resume`: ends a pause. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  service: Parameter.optionalArgument(
    "service",
    "Name or id. Default: the pause of all services; those of single services stay."
  ),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["resume"],
  about: "Ends the pause of all services, or of one.",
  examples: [
    ["evenkeel resume", "moves may begin again"],
    ["evenkeel resume p2p_web", "of this service too"]
  ],
  options,
  load: () => import("../actions/Resume.ts")
})
