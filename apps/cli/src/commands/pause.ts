/** `evenkeel pause`: keeps rebalancers from beginning moves. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  service: Parameter.optionalArgument("service", "Name or id. Default: all services."),
  for: CommonOptions.optionalDuration("for", "After this it ends by itself. Default: it lasts until evenkeel resume."),
  because: Parameter.option("because", "text", "Shown to whoever asks why nothing moves."),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["pause"],
  about:
    "Keeps every rebalancer from beginning moves, of all services or of one. A move under way is brought to its end.",
  examples: [
    ["evenkeel pause --for 2h --because backup", "nothing begins for two hours"],
    ["evenkeel pause p2p_web", "one service stays where it is, until evenkeel resume p2p_web"]
  ],
  options,
  load: () => import("../actions/Pause.ts")
})
