/**
 * Makes this process's plans: one after the other, in slices of time, and none again for a Swarm that still is as it was. Objects
 * that did not change are the same instances from reading to reading, so that comparing them is cheap.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type { Pausable } from "@evenkeel/domain/Pausable"
import type { Plan } from "@evenkeel/domain/Plan"
import type { PlannerPolicy } from "@evenkeel/domain/planner/PlannerPolicy"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { type PlanAround, planAround } from "@evenkeel/executor/brakes/Around"
import type { Held } from "@evenkeel/executor/brakes/Brakes"
import { planningNow } from "@evenkeel/executor/Decision"
import * as Metrics from "./RebalancerMetrics.ts"
import * as Slices from "./Slices.ts"

const isSameList = (a: ReadonlyArray<unknown>, b: ReadonlyArray<unknown>): boolean =>
  a.length === b.length && a.every((item, at) => item === b[at])

/** Whether both hold the very same objects, whenever they were read. */
export const isUnchanged = (a: Snapshot, b: Snapshot): boolean =>
  isSameList(a.nodes, b.nodes) &&
  isSameList(a.services, b.services) &&
  isSameList(a.tasks, b.tasks) &&
  isSameList(a.networks, b.networks)

const sorted = (ids: Iterable<string>) => [...ids].sort()

const keyOf = (policy: Partial<PlannerPolicy>): string =>
  JSON.stringify(Object.entries(policy).map(([name, value]) => [name, value instanceof Set ? sorted(value) : value]))

export interface Planning {
  /** The plan that the brakes leave. */
  readonly around: (held: Held, snapshot: Snapshot, nowMillis: number) => Effect.Effect<PlanAround>
  /** Plans that were really made, so far. */
  readonly made: () => number
  /**
   * For how many milliseconds no plan should be made unasked: planning may take a tenth of the processor's time, however often
   * the Swarm changes. 0 for a Swarm that has been planned as it is.
   */
  readonly pauseMillis: (snapshot: Snapshot, nowMillis: number) => number
}

const costFactor = 10

/** A plan that is made sooner than this costs nobody anything. */
const cheapMillis = 100

/** However long planning takes. */
const longestPauseMillis = 30_000

export const make: Effect.Effect<Planning> = Effect.map(Effect.makeSemaphore(1), (oneAtATime) => {
  let of: Snapshot | null = null
  let plans = new Map<string, Plan>()
  let made = 0
  let nextAtMillis = Number.NEGATIVE_INFINITY

  function* planOf(snapshot: Snapshot, nowMillis: number, policy: Partial<PlannerPolicy>): Pausable<Plan> {
    if (of === null || !isUnchanged(of, snapshot)) plans = new Map()
    of = snapshot
    const key = keyOf(policy)
    const known = plans.get(key)
    if (known !== undefined) return known
    // The brake `deploy-cool-down` has put into the policy what planningNow would look for itself.
    const plan = yield* planningNow(snapshot, nowMillis, 0, policy)
    made += 1
    plans.set(key, plan)
    return plan
  }

  const around = Effect.fn("Planning.around")(function* (held: Held, snapshot: Snapshot, nowMillis: number) {
    const madeBefore = made
    const { busyMillis, value } = yield* Slices.run(
      planAround(held, snapshot, nowMillis, (coolDown) => planOf(snapshot, nowMillis, { ...held.planner, coolDown }))
    )
    if (made === madeBefore) return value
    yield* Metric.update(Metrics.planDuration, busyMillis / 1_000)
    const pause = busyMillis < cheapMillis ? 0 : Math.min(busyMillis * costFactor, longestPauseMillis)
    nextAtMillis = (yield* Clock.currentTimeMillis) + pause
    return value
  })

  return {
    around: (held, snapshot, nowMillis) => oneAtATime.withPermits(1)(around(held, snapshot, nowMillis)),
    made: () => made,
    pauseMillis: (snapshot, nowMillis) =>
      of !== null && plans.size > 0 && isUnchanged(of, snapshot) ? 0 : Math.max(0, nextAtMillis - nowMillis)
  }
})
