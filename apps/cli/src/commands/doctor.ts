/** `evenkeel doctor`: what is wrong, and what to do about it. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  api: Parameter.option(
    "api",
    "url",
    "A rebalancer to ask too, such as http://n1:7070; with EVENKEEL_TOKEN or EVENKEEL_TOKEN_FILE. Default: EVENKEEL_API."
  ),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["doctor"],
  about:
    "Checks the engine's rights, managers, nodes, labels, routes, routers, versions and policy; each finding with its cure.",
  examples: [
    ["evenkeel doctor", "exit code 6 when something is to be mended"],
    ["evenkeel doctor --api http://n1:7070", "also how many routers follow that rebalancer"],
    ["evenkeel doctor --format json", "for programs"]
  ],
  options,
  load: () => import("../actions/Doctor.ts")
})
