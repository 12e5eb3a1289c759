/** `evenkeel pause`: keeps rebalancers from beginning moves. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../CommonOptions.ts"
import { describe } from "../Describing.ts"
import { lazily } from "../Lazily.ts"

export const options = {
  service: Args.text({ name: "service" }).pipe(
    Args.withDescription("Name or id. Default: all services."),
    Args.optional
  ),
  for: CommonOptions.duration("for", 0, "After this it ends by itself. Default: it lasts until evenkeel resume."),
  because: Options.text("because").pipe(
    Options.withPseudoName("text"),
    Options.withDescription("Shown to whoever asks why nothing moves."),
    Options.withDefault("")
  ),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about =
  "Keeps every rebalancer from beginning moves, of all services or of one. A move under way is brought to its end."

export const command = Command.make(
  "pause",
  options,
  lazily(() => import("../actions/Pause.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel pause --for 2h --because backup", "nothing begins for two hours"],
      ["evenkeel pause p2p_web", "one service stays where it is, until evenkeel resume p2p_web"]
    ])
  )
)
