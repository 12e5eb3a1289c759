/**
 * Whether the embedded Swarm can do what a recorded trace shows: runs the scenario with the recorded choices, several times
 * where the recording leaves some of them open (`Search`), and gives the run that differs least.
 */
import { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import * as Effect from "effect/Effect"
import { compare, type Difference } from "./Compare.ts"
import * as EmbeddedTarget from "./EmbeddedTarget.ts"
import * as Oracle from "./Oracle.ts"
import { run } from "./Run.ts"
import * as Search from "./Search.ts"
import type { Scenario } from "./Scenario.ts"
import { decode, encode, type Trace } from "./Trace.ts"

export interface CheckOptions {
  readonly seed: number
  /** At least 1. Default 40. */
  readonly attempts?: number
  /** Takes the listed differences away: what is left is searched further. Default: nothing is listed. */
  readonly sift?: (differences: ReadonlyArray<Difference>) => ReadonlyArray<Difference>
}

export interface Checked {
  readonly scenario: string
  readonly attempts: number
  readonly differences: ReadonlyArray<Difference>
  readonly embedded: Trace
}

const defaultAttempts = 40

export const check = Effect.fn("Check.check")(function* (scenario: Scenario, recorded: Trace, options: CheckOptions) {
  let best: Checked | undefined
  let fewest = Infinity
  const most = options.attempts ?? defaultAttempts
  const search = Search.make(options.seed, scenario.steps.length)
  for (let nth = 1; nth <= most; nth++) {
    const attempt = search.next()
    const oracle = Oracle.make(recorded, (step) => {
      const random = new SeededRandom(attempt.stepSeeds[step] ?? 0)
      return (below) => random.int(below)
    })
    const embedded = yield* Effect.scoped(
      Effect.gen(function* () {
        const target = yield* EmbeddedTarget.make({
          ...{ nodes: recorded.nodes, seed: attempt.swarmSeed, choices: oracle },
          ...(recorded.leader === undefined ? {} : { leader: recorded.leader })
        })
        return yield* run(scenario, target, {
          onStart: (names) => oracle.attach(target.swarm, names),
          onBeginStep: oracle.atStep
        })
      })
    )
    // As a recording is read: fields that are undefined are gone, numbers are texts.
    const trace = decode(encode(embedded))
    const differences = compare(recorded, trace)
    const left = options.sift?.(differences) ?? differences
    if (left.length < fewest) best = { scenario: scenario.name, attempts: nth, differences, embedded: trace }
    fewest = Math.min(fewest, left.length)
    if (left.length === 0) break
    search.failed(attempt, Math.min(...left.map(({ step }) => step)), left.length)
  }
  return best ?? (yield* Effect.dieMessage(`${scenario.name} was given ${most} attempts: at least one is needed`))
})
