/**
 * The policy as this instance knows it: read from the Swarm every second, and again right before a move begins. What cannot be
 * read is known to be unknown, which the brake `policy-unknown` turns into a stop.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import type { Held } from "@evenkeel/executor/brakes/RaftDocument"
import * as Metrics from "./RebalancerMetrics.ts"
import * as Telling from "./Telling.ts"

export interface PolicyView {
  /** What holds, or held when it could be read last. */
  readonly held: Held<Policy.Policy>
  /** Why it could not be read; null when it was. */
  readonly failure: string | null
}

export type PolicyWatch = Ref.Ref<PolicyView>

/** Together with a call's time-out less than the two seconds in which a pause has to hold everywhere. */
const intervalMillis = 1_000

export const make: Effect.Effect<PolicyWatch> = Ref.make<PolicyView>({
  held: { value: Policy.none, revision: 0, id: null },
  failure: "it has not been read yet"
})

/** Reads it now. Never fails: the view says so. */
export const refresh = Effect.fn("PolicyWatch.refresh")(function* (watch: PolicyWatch) {
  const before = yield* Ref.get(watch)
  const after = yield* PolicyStore.policy.read(before.held).pipe(
    Effect.map((held): PolicyView => ({ held, failure: null })),
    Effect.catchAll((error) =>
      Effect.as(Metrics.countApiError("policy", error._tag), { ...before, failure: error.message })
    )
  )
  yield* Ref.set(watch, after)
  if (after.failure !== before.failure && after.failure !== null)
    yield* Telling.warning("policy-failed", `the policy cannot be read: ${after.failure}`)
  if (after.failure === null && after.held.revision !== before.held.revision)
    yield* Telling.info("policy", `policy ${after.held.revision} holds`)
  return after
})

/** Changes it for every instance; this one knows it at once. */
export const change = Effect.fn("PolicyWatch.change")(function* (
  watch: PolicyWatch,
  change: (policy: Policy.Policy) => Policy.Policy
) {
  const held = yield* PolicyStore.policy.change(change)
  yield* Ref.set(watch, { held, failure: null })
  return held
})

/** The same, but only where this revision holds. */
export const changeAt = Effect.fn("PolicyWatch.changeAt")(function* (
  watch: PolicyWatch,
  revision: number,
  change: (policy: Policy.Policy) => Policy.Policy
) {
  const held = yield* PolicyStore.policy.changeAt(revision, change)
  yield* Ref.set(watch, { held, failure: null })
  return held
})

/** Keeps it fresh until interrupted. */
export const run = (watch: PolicyWatch) => Effect.repeat(refresh(watch), Schedule.spaced(intervalMillis))
