/**
 * Runs scenarios on several labs at once, each a Swarm of its own in namespaces of its own, and gives every trace to the caller.
 * Scenarios on different Swarms cannot touch each other, so traces are those of one lab after the other. A run that the machine
 * disturbed is repeated once.
 */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { disturbances } from "./Disturbance.ts"
import * as LabNamespace from "./LabNamespace.ts"
import * as LabTarget from "./LabTarget.ts"
import { run } from "./Run.ts"
import type { Scenario } from "./Scenario.ts"
import type { TargetFailed } from "./Target.ts"
import type { Trace } from "./Trace.ts"

export interface PoolOptions {
  readonly labs: number
  readonly heartbeat: string
  /** One lab where the command line finds it, which is left running. */
  readonly keep: boolean
}

/** The next scenario for a Swarm of so many managers; null when there are no more. Asked when a lab is free. */
export type NextScenario = (managers: number) => Effect.Effect<Scenario | null>

export interface Recorded {
  readonly scenario: Scenario
  readonly trace: Trace
  readonly seconds: number
  /** Why the run before this one was not taken. */
  readonly repeated: ReadonlyArray<string>
}

const say = (lab: number, text: string) => Console.error(`conformance: lab ${lab}: ${text}`)

/**
 * How many managers each lab has, one after the other, by how many scenarios there are for either size: each size has a lab,
 * which then helps with the scenarios for the fewest managers, of which there are most.
 */
export const sizes = (labs: number, counts: ReadonlyMap<number, number>): ReadonlyArray<ReadonlyArray<number>> => {
  const wanted = [...counts].filter(([, count]) => count > 0).map(([managers]) => managers)
  const all = wanted.toSorted((a, b) => a - b)
  const [most = 1] = all
  if (labs < all.length) return [all]
  return Array.from({ length: labs }, (_, i) => [...new Set([all[i] ?? most, most])])
}

const record = Effect.fn("LabPool.record")(function* (
  lab: number,
  scenario: Scenario,
  { reset, target }: Effect.Effect.Success<ReturnType<typeof LabTarget.make>>
) {
  const once = Effect.zipRight(reset, run(scenario, target))
  const begun = yield* Clock.currentTimeMillis
  const first = yield* once
  const reasons = disturbances(scenario, first)
  for (const reason of reasons) yield* say(lab, `${scenario.name} was disturbed, once more: ${reason}`)
  const trace = reasons.length === 0 ? first : yield* once
  const seconds = ((yield* Clock.currentTimeMillis) - begun) / 1_000
  yield* say(lab, `${scenario.name}: ${scenario.steps.length} steps in ${seconds.toFixed(0)} s`)
  return { scenario, trace, seconds, repeated: reasons } satisfies Recorded
})

/** One lab from up to down; ends when there is no scenario left for it, and is not brought up for none. */
const work = <E, R>(
  lab: number,
  managers: number,
  options: PoolOptions,
  next: NextScenario,
  onRecorded: (recorded: Recorded) => Effect.Effect<void, E, R>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      let scenario = yield* next(managers)
      if (scenario === null) return
      const place = yield* placeFor(lab, options)
      // What an earlier run has left, if it was killed.
      if (!options.keep) yield* LabTarget.down(place)
      if (!options.keep) yield* Effect.addFinalizer(() => Effect.ignore(LabTarget.down(place)))
      const begun = yield* Clock.currentTimeMillis
      const made = yield* LabTarget.make({ ...place, heartbeat: options.heartbeat, managers })
      const seconds = ((yield* Clock.currentTimeMillis) - begun) / 1_000
      yield* say(lab, `up with ${managers} of 3 nodes as managers after ${seconds.toFixed(0)} s`)
      while (scenario !== null) {
        yield* onRecorded(yield* record(lab, scenario, made))
        scenario = yield* next(managers)
      }
    })
  )

type Place = Pick<LabTarget.LabOptions, "enter" | "stateDir">

const placeFor = (lab: number, { keep }: PoolOptions): Effect.Effect<Place, TargetFailed, Scope.Scope> =>
  keep
    ? Effect.succeed({})
    : Effect.map(LabNamespace.make, (enter) => ({ enter, stateDir: `${LabTarget.defaultStateDir()}.${lab}` }))

/** Works on all labs until nothing is left; a lab that fails takes the others down with it. */
export const runAll = <E, R>(
  options: PoolOptions,
  counts: ReadonlyMap<number, number>,
  next: NextScenario,
  onRecorded: (recorded: Recorded) => Effect.Effect<void, E, R>
): Effect.Effect<void, E | TargetFailed, R> =>
  Effect.forEach(
    sizes(options.labs, counts).entries(),
    ([i, each]) =>
      Effect.forEach(each, (managers) => work(i + 1, managers, options, next, onRecorded), { discard: true }),
    { concurrency: "unbounded", discard: true }
  )
