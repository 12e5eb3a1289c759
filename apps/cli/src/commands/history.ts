/** `evenkeel history`: the moves that have ended. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  limit: Parameter.decoded("limit", "number", "How many, the newest first. Default: 20; 0 for all that are kept.", {
    decode: (text) => (/^\d{1,9}$/.test(text) ? Number(text) : null),
    expected: "a whole number, 0 or more",
    fallback: 20,
    short: "n"
  }),
  ...CommonOptions.engine(),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["history"],
  about: "Lists the moves that rebalancers have made, newest first; the Swarm keeps the last 250.",
  examples: [
    ["evenkeel history", "the last 20 moves"],
    ["evenkeel history --limit 0 --format json", "all that are kept, for programs"]
  ],
  options,
  load: () => import("../actions/History.ts")
})
