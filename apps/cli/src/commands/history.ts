/** `evenkeel history`: the moves that have ended. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../CommonOptions.ts"
import { describe } from "../Describing.ts"
import { lazily } from "../Lazily.ts"

export const options = {
  limit: Options.integer("limit").pipe(
    Options.withAlias("n"),
    Options.withPseudoName("number"),
    Options.withDescription("How many, the newest first. Default: 20; 0 for all that are kept."),
    Options.withDefault(20)
  ),
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about = "Lists the moves that rebalancers have made, newest first; the Swarm keeps the last 250."

export const command = Command.make(
  "history",
  options,
  lazily(() => import("../actions/History.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel history", "the last 20 moves"],
      ["evenkeel history --limit 0 --format json", "all that are kept, for programs"]
    ])
  )
)
