/**
 * The whole check: for each scenario a trace of the real Swarm, recorded earlier or now, and the embedded Swarm held against
 * it. What it starts in the lab ends with it, unless it is told to keep the lab.
 */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { Allowance } from "./Allowed.ts"
import { sift } from "./Allowed.ts"
import * as Check from "./Check.ts"
import type { Difference } from "./Compare.ts"
import * as Fixtures from "./Fixtures.ts"
import type { CheckOptions } from "./Flags.ts"
import * as LabTarget from "./LabTarget.ts"
import { generate } from "./RandomScenario.ts"
import * as Report from "./Report.ts"
import { run } from "./Run.ts"
import type { Scenario } from "./Scenario.ts"
import { scenarios } from "./scenarios/All.ts"
import type { Trace } from "./Trace.ts"

const say = (text: string) => Console.error(`conformance: ${text}`)

export const check = Effect.fn("Conformance.check")(function* (options: CheckOptions) {
  const allowances = yield* Fixtures.allowances
  const wanted = scenarios.filter(({ name }) => options.only?.includes(name) ?? true)
  const results: Array<Report.ScenarioResult> = []
  const differences: Array<Difference> = []
  const unrecorded: Array<string> = []

  const hold = Effect.fn("Conformance.hold")(function* (scenario: Scenario, recorded: Trace) {
    const checked = yield* Check.check(scenario, recorded, { seed: options.seed })
    differences.push(...checked.differences)
    results.push(resultOf(recorded, checked.differences, allowances))
  })

  if (options.real) {
    yield* Effect.scoped(
      Effect.gen(function* () {
        if (!options.keep) yield* Effect.addFinalizer(() => Effect.ignore(LabTarget.down))
        yield* say("bringing up a Swarm of one manager and two workers")
        const lab = yield* LabTarget.make({ heartbeat: options.heartbeat })
        const record = (scenario: Scenario) => Effect.zipRight(lab.reset, run(scenario, lab.target))
        for (const scenario of wanted) {
          yield* say(`${scenario.name}: ${scenario.about}`)
          const trace = yield* record(scenario)
          if (options.record) yield* Fixtures.write(trace)
          yield* hold(scenario, trace)
        }
        const start = yield* Clock.currentTimeMillis
        for (let i = 0; i < options.random; i++) {
          if ((yield* Clock.currentTimeMillis) - start > options.minutes * 60_000) break
          const scenario = generate(options.seed + i)
          yield* say(`${scenario.name}: ${scenario.steps.length} steps`)
          const trace = yield* record(scenario)
          if (options.record) yield* Fixtures.write(trace)
          yield* hold(scenario, trace)
        }
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
    allowed
  }
}
