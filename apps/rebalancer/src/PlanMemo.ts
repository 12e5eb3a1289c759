/**
 * Plans that were made of the Swarm as it still is: a reading that found nothing new is not planned again. Objects that did not
 * change are the same instances from reading to reading, so that comparing them is cheap.
 */
import type { Plan } from "@evenkeel/domain/Plan"
import type { PlannerPolicy } from "@evenkeel/domain/planner/PlannerPolicy"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { planNow } from "@evenkeel/executor/Decision"

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

export interface PlanMemo {
  readonly plan: (snapshot: Snapshot, nowMillis: number, policy: Partial<PlannerPolicy>) => Plan
  /** Plans that were really made, so far. */
  readonly made: () => number
  /** Takes in what making one cost. */
  readonly took: (costMillis: number, nowMillis: number) => void
  /**
   * For how many milliseconds no plan should be made unasked: planning may take a tenth of the time, since nobody is answered
   * meanwhile. 0 for a Swarm that has been planned as it is.
   */
  readonly pauseMillis: (snapshot: Snapshot, nowMillis: number) => number
}

const costFactor = 10

/** A plan that is made sooner than this costs nobody anything. */
const cheapMillis = 100

/** However long planning takes. */
const longestPauseMillis = 30_000

export const make = (): PlanMemo => {
  let of: Snapshot | null = null
  let plans = new Map<string, Plan>()
  let made = 0
  let nextAtMillis = Number.NEGATIVE_INFINITY
  return {
    took: (costMillis, nowMillis) => {
      const pause = costMillis < cheapMillis ? 0 : Math.min(costMillis * costFactor, longestPauseMillis)
      nextAtMillis = nowMillis + pause
    },
    pauseMillis: (snapshot, nowMillis) =>
      of !== null && plans.size > 0 && isUnchanged(of, snapshot) ? 0 : Math.max(0, nextAtMillis - nowMillis),
    plan: (snapshot, nowMillis, policy) => {
      if (of === null || !isUnchanged(of, snapshot)) plans = new Map()
      of = snapshot
      const key = keyOf(policy)
      const known = plans.get(key)
      if (known !== undefined) return known
      // The brake `deploy-cool-down` has put into the policy what planNow would look for itself.
      const plan = planNow(snapshot, nowMillis, 0, policy)
      made += 1
      plans.set(key, plan)
      return plan
    },
    made: () => made
  }
}
