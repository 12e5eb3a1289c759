/** `evenkeel apply`: shows the plan, asks, and carries it out move by move. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  file: Parameter.optionalArgument(
    "plan.json",
    "A plan written by evenkeel plan --out; refused when it is stale. Default: a new plan."
  ),
  yes: CommonOptions.yes(),
  stability: CommonOptions.duration(
    "stability",
    5_000,
    "How long a moved task must serve before the old one is let go. Default: 5s."
  ),
  moveDeadline: CommonOptions.duration(
    "move-deadline",
    120_000,
    "A move that has not succeeded by then is undone. Default: 2m."
  ),
  coolDown: CommonOptions.coolDown(),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["apply"],
  about:
    "Shows the plan, asks, and carries it out: one move at a time, each new task running before the old one stops.",
  examples: [
    ["evenkeel apply", "plan, ask, move"],
    ["evenkeel apply --yes", "without being asked, for scripts"],
    ["evenkeel apply plan.json --yes", "exactly that plan, or exit code 4 when the Swarm has changed"]
  ],
  options,
  load: () => import("../actions/Apply.ts")
})
