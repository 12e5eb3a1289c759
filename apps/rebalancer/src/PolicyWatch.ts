/**
 * The policy as this instance knows it: read from the Swarm every second, and again right before a move begins. What cannot be
 * read is known to be unknown, which the brake `policy-unknown` turns into a stop. Reading and changing go one after the other,
 * so that an answer of before a change is never taken for what holds after it.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as SynchronizedRef from "effect/SynchronizedRef"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import type { Held } from "@evenkeel/executor/brakes/RaftDocument"
import type { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as Metrics from "./RebalancerMetrics.ts"
import * as Telling from "./Telling.ts"

export interface PolicyView {
  /** What holds, or held when it could be read last. */
  readonly held: Held<Policy.Policy>
  /** Why it could not be read; null when it was. */
  readonly failure: string | null
}

export type PolicyWatch = SynchronizedRef.SynchronizedRef<PolicyView>

/** Half of the two seconds in which every instance shows what was changed; what begins a move reads the policy itself. */
const intervalMillis = 1_000

export const make: Effect.Effect<PolicyWatch> = SynchronizedRef.make<PolicyView>({
  held: { value: Policy.none, revision: 0, id: null },
  failure: "it has not been read yet"
})

/** Reads it now. Never fails: the view says so. */
export const refresh = (watch: PolicyWatch): Effect.Effect<PolicyView, never, SwarmClient> =>
  SynchronizedRef.updateAndGetEffect(watch, (before) => Effect.tap(readAfter(before), (after) => tell(before, after)))

const readAfter = (before: PolicyView) =>
  PolicyStore.policy.read(before.held).pipe(
    Effect.map((held): PolicyView => ({ held, failure: null })),
    Effect.catchAll((error) =>
      Effect.as(Metrics.countApiError("policy", error._tag), { ...before, failure: error.message })
    )
  )

const tell = (before: PolicyView, after: PolicyView) => {
  if (after.failure !== null)
    return after.failure === before.failure
      ? Effect.void
      : Telling.warning("policy-failed", `the policy cannot be read: ${after.failure}`)
  return after.held.revision === before.held.revision
    ? Effect.void
    : Telling.info("policy", `policy ${after.held.revision} holds`)
}

const changing = <E>(watch: PolicyWatch, write: Effect.Effect<Held<Policy.Policy>, E, SwarmClient>) =>
  SynchronizedRef.modifyEffect(watch, () =>
    Effect.map(write, (held): [Held<Policy.Policy>, PolicyView] => [held, { held, failure: null }])
  )

/** Changes it for every instance; this one knows it at once. */
export const change = (watch: PolicyWatch, change: (policy: Policy.Policy) => Policy.Policy) =>
  changing(watch, PolicyStore.policy.change(change))

/** The same, but only where this revision holds. */
export const changeAt = (watch: PolicyWatch, revision: number, change: (policy: Policy.Policy) => Policy.Policy) =>
  changing(watch, PolicyStore.policy.changeAt(revision, change))

/** Keeps it fresh until interrupted. */
export const run = (watch: PolicyWatch) => Effect.repeat(refresh(watch), Schedule.spaced(intervalMillis))
