/** `evenkeel plan`: the moves that would restore the balance, and why every other service stays. Changes nothing. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as CommonOptions from "../CommonOptions.ts"
import { describe } from "../Describing.ts"
import { lazily } from "../Lazily.ts"

export const options = {
  explain: Options.boolean("explain").pipe(Options.withDescription("Say of every service why it stays.")),
  out: Options.text("out").pipe(
    Options.withPseudoName("file"),
    Options.withDescription("Write the plan to a file too, for evenkeel apply."),
    Options.optional
  ),
  detailedExitcode: Options.boolean("detailed-exitcode").pipe(
    Options.withDescription("Exit with 2 when there are moves to make, 0 when there are none.")
  ),
  coolDown: CommonOptions.coolDown,
  ...CommonOptions.engine,
  ...CommonOptions.output
}

export const about =
  "Shows the fewest moves that restore the balance, and why the other services stay. Changes nothing."

export const command = Command.make(
  "plan",
  options,
  lazily(() => import("../actions/Plan.ts"))
).pipe(
  Command.withDescription(
    describe(about, [
      ["evenkeel plan", "what would move, and why"],
      ["evenkeel plan --explain", "also why each other service stays"],
      ["evenkeel plan --out plan.json", "keep it, review it, then: evenkeel apply plan.json"],
      ["evenkeel plan --detailed-exitcode", "for scripts: exit code 2 when there is something to do"]
    ])
  )
)
