/** `evenkeel plan`: the moves that would restore the balance, and why every other service stays. Changes nothing. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  explain: Parameter.flag("explain", "Say of every service why it stays."),
  out: Parameter.option("out", "file", "Write the plan to a file too, for evenkeel apply."),
  detailedExitcode: Parameter.flag(
    "detailed-exitcode",
    "Exit with 2 when there are moves to make, 0 when there are none."
  ),
  coolDown: CommonOptions.coolDown(),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["plan"],
  about: "Shows the fewest moves that restore the balance, and why the other services stay. Changes nothing.",
  examples: [
    ["evenkeel plan", "what would move, and why"],
    ["evenkeel plan --explain", "also why each other service stays"],
    ["evenkeel plan --out plan.json", "keep it, review it, then: evenkeel apply plan.json"],
    ["evenkeel plan --detailed-exitcode", "for scripts: exit code 2 when there is something to do"]
  ],
  options,
  load: () => import("../actions/Plan.ts")
})
