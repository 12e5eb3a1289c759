/**
 * Whether the embedded Swarm can do what a recorded trace shows: runs the scenario with the recorded choices, several times
 * where the recording leaves some of them open, and gives the run that differs least.
 */
import * as Effect from "effect/Effect"
import { compare, type Difference } from "./Compare.ts"
import * as EmbeddedTarget from "./EmbeddedTarget.ts"
import * as Oracle from "./Oracle.ts"
import { run } from "./Run.ts"
import { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import type { Scenario } from "./Scenario.ts"
import { decode, encode, type Trace } from "./Trace.ts"

export interface CheckOptions {
  readonly seed: number
  /** Default 40. */
  readonly attempts?: number
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
  const most = options.attempts ?? defaultAttempts
  for (let attempt = 1; attempt <= most; attempt++) {
    const seed = options.seed * 1_000 + attempt
    const random = new SeededRandom(seed)
    const oracle = Oracle.make(recorded, (below) => random.int(below))
    const embedded = yield* Effect.scoped(
      Effect.gen(function* () {
        const target = yield* EmbeddedTarget.make({ nodes: recorded.nodes, seed, choices: oracle })
        return yield* run(scenario, target, {
          onStart: (names) => oracle.attach(target.swarm, names),
          onBeginStep: oracle.atStep
        })
      })
    )
    // As a recording is read: fields that are undefined are gone, numbers are texts.
    const trace = decode(encode(embedded))
    const differences = compare(recorded, trace)
    if (best === undefined || differences.length < best.differences.length)
      best = { scenario: scenario.name, attempts: attempt, differences, embedded: trace }
    if (differences.length === 0) break
  }
  return best ?? { scenario: scenario.name, attempts: 0, differences: [], embedded: recorded }
})
