/**
 * The check on the lab: which scenarios are run there and how long, what is done with their traces. Fixed ones come first, random
 * ones as long as time is left; at least one of them.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { CheckOptions } from "./Flags.ts"
import * as LabPool from "./LabPool.ts"
import { generate } from "./RandomScenario.ts"
import type { Scenario } from "./Scenario.ts"

/** What a random scenario is thought to take before any has been run, with what comes after it. */
const firstGuessMillis = 90_000
/** For the last comparisons and for taking the labs down. */
const reserveMillis = 20_000

const managersOf = ({ managers }: Scenario): number => managers ?? 1

/** Answers the pool's question for the next scenario, from what is wanted and the time that is left. */
export const schedule = (
  options: Pick<CheckOptions, "minutes" | "random" | "seed">,
  fixed: ReadonlyArray<Scenario>,
  startMillis: number
): {
  readonly next: (managers: number, nowMillis: number) => Scenario | null
  readonly took: (millis: number) => void
} => {
  const waiting = new Map<number, Array<Scenario>>()
  for (const scenario of fixed) {
    const size = managersOf(scenario)
    waiting.set(size, [...(waiting.get(size) ?? []), scenario])
  }
  let made = 0
  let longest = 0
  const end = startMillis + options.minutes * 60_000 - reserveMillis
  return {
    next: (managers, nowMillis) => {
      const next = waiting.get(managers)?.shift()
      if (next !== undefined) return next
      if (managers !== 1 || made >= options.random) return null
      if (made > 0 && nowMillis + (longest || firstGuessMillis) > end) return null
      return generate(options.seed + made++)
    },
    took: (millis) => void (longest = Math.max(longest, millis))
  }
}

/** Runs them all, each trace to `onRecorded`. */
export const runAll = Effect.fn("LiveCheck.runAll")(function* <E, R>(
  options: CheckOptions,
  fixed: ReadonlyArray<Scenario>,
  onRecorded: (recorded: LabPool.Recorded) => Effect.Effect<void, E, R>
) {
  const plan = schedule(options, fixed, yield* Clock.currentTimeMillis)
  const counts = new Map<number, number>()
  for (const scenario of fixed) counts.set(managersOf(scenario), (counts.get(managersOf(scenario)) ?? 0) + 1)
  if (options.random > 0) counts.set(1, (counts.get(1) ?? 0) + options.random)
  yield* LabPool.runAll(
    options,
    counts,
    (managers) => Effect.map(Clock.currentTimeMillis, (now) => plan.next(managers, now)),
    (recorded) => {
      if (recorded.scenario.name.startsWith("random-")) plan.took(recorded.seconds * 1_000)
      return onRecorded(recorded)
    }
  )
})
