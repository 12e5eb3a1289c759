/**
 * The whole check: for each scenario a trace of the real Swarm, recorded earlier or now, and the embedded Swarm held against
 * it. What it starts in the lab ends with it, unless it is told to keep the lab.
 */
import * as Effect from "effect/Effect"
import type { Allowance } from "./Allowed.ts"
import { sift } from "./Allowed.ts"
import * as Check from "./Check.ts"
import type { Difference } from "./Compare.ts"
import * as Fixtures from "./Fixtures.ts"
import type { CheckOptions } from "./Flags.ts"
import * as LiveCheck from "./LiveCheck.ts"
import { generate } from "./RandomScenario.ts"
import * as Report from "./Report.ts"
import type { Scenario } from "./Scenario.ts"
import { scenarios } from "./scenarios/All.ts"
import type { Trace } from "./Trace.ts"

export const check = Effect.fn("Conformance.check")(function* (options: CheckOptions) {
  const allowances = yield* Fixtures.allowances
  const wanted = scenarios.filter(({ name }) => options.only?.includes(name) ?? true)
  const results: Array<Report.ScenarioResult> = []
  const differences: Array<Difference> = []
  const unrecorded: Array<string> = []

  const comparing = yield* Effect.makeSemaphore(1)
  const hold = Effect.fn("Conformance.hold")(function* (
    scenario: Scenario,
    recorded: Trace,
    repeated: ReadonlyArray<string> = []
  ) {
    const checked = yield* Check.check(scenario, recorded, {
      seed: options.seed,
      sift: (found) => sift(found, allowances).left
    })
    const result = resultOf(recorded, checked.differences, allowances)
    const kept = options.real && result.differences.length > 0 ? yield* Fixtures.keepDiffering(recorded) : null
    differences.push(...checked.differences)
    results.push({ ...result, repeated, kept })
  })

  if (options.real) {
    yield* LiveCheck.runAll(options, wanted, ({ repeated, scenario, trace }) =>
      Effect.gen(function* () {
        if (options.record) yield* Fixtures.write(trace)
        yield* comparing.withPermits(1)(hold(scenario, trace, repeated))
      })
    )
  } else {
    const random = options.only === null ? (yield* Fixtures.randomSeeds).map((seed) => generate(seed)) : []
    for (const scenario of [...wanted, ...random]) {
      const recorded = yield* Fixtures.read(scenario.name)
      if (recorded === null) unrecorded.push(scenario.name)
      else yield* hold(scenario, recorded)
    }
  }
  const { unused } = sift(differences, allowances)
  return Report.of(results, unrecorded, options.only === null && !options.real ? unused : [])
})

const resultOf = (
  recorded: Trace,
  found: ReadonlyArray<Difference>,
  allowances: ReadonlyArray<Allowance>
): Report.ScenarioResult => {
  const { left, allowed } = sift(found, allowances)
  return {
    scenario: recorded.scenario,
    recordedBy: recorded.by,
    steps: recorded.steps.length,
    tasks: recorded.steps.reduce(
      (sum, { tasks }) => sum + tasks.filter((task) => task.created !== undefined).length,
      0
    ),
    differences: left,
    allowed,
    repeated: [],
    kept: null
  }
}
