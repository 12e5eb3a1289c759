/**
 * What the leading instance itself writes into the policy: quarantines that are due, and the end of an approval whose moves are
 * made. Only where something is to be written is the Swarm asked for anything.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as FlapQuarantine from "@evenkeel/executor/brakes/FlapQuarantine"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import type { Held } from "@evenkeel/executor/brakes/RaftDocument"
import * as HistoryKeeper from "./HistoryKeeper.ts"
import type { LoopParts } from "./LoopParts.ts"
import * as PolicyWatch from "./PolicyWatch.ts"
import * as Metrics from "./RebalancerMetrics.ts"
import * as Telling from "./Telling.ts"

/** Never fails: what could not be written is due again at the next reading. */
export const keep = Effect.fn("PolicyKeeping.keep")(function* (parts: LoopParts, snapshot: Snapshot) {
  const { failure, held } = yield* Ref.get(parts.policy)
  if (failure !== null) return
  const nowMillis = yield* Clock.currentTimeMillis
  const settings = BrakeSettings.withOverrides(parts.config.settings, held.value.settings)
  const losses = yield* Ref.get(parts.losses)
  const due = FlapQuarantine.due(losses, held.value, settings, snapshot, nowMillis)
  if (due.length > 0) {
    const isWritten = yield* write(parts, (policy) =>
      FlapQuarantine.withQuarantines(
        policy,
        FlapQuarantine.due(losses, policy, settings, snapshot, nowMillis),
        settings,
        nowMillis
      )
    )
    if (isWritten)
      yield* Effect.forEach(due, ({ hostname, level, untilMillis }) => {
        const until = new Date(untilMillis).toISOString()
        return Effect.zipRight(
          Telling.warning("node.quarantined", `node ${hostname} comes and goes: left alone until ${until}`, {
            node: hostname,
            level
          }),
          parts.webhook.notify({ event: "node.quarantined", node: hostname, until })
        )
      })
  }
  if (held.value.approval !== null) yield* keepApproval(parts, snapshot, held, nowMillis)
})

/** Takes out of the approval what has failed, and ends it where none of its moves is what the Swarm still needs. */
const keepApproval = (parts: LoopParts, snapshot: Snapshot, held: Held<Policy.Policy>, nowMillis: number) =>
  Effect.gen(function* () {
    const approval = Policy.approvalAt(held.value, nowMillis)
    const { plan, planRevision } = yield* Ref.get(parts.state)
    // What it began is brought to its end first: its mode holds until then.
    if (snapshot.services.some(MoveProgress.isTouched)) return
    if (approval !== null && (plan === null || planRevision !== held.revision)) return
    const left = approval === null ? null : Policy.withoutUndone(approval, yield* HistoryKeeper.moves(parts.history))
    const isDone = left === null || plan === null || !plan.moves.some((move) => Policy.approves(left, move))
    if (!isDone && left === approval) return
    if (yield* write(parts, replaceApproval(held.value.approval, isDone ? null : left)))
      yield* Telling.info("approval", isDone ? "the approved plan is done" : "a move of the approved plan failed")
  })

/** Only this approval: another one may have come. */
const replaceApproval =
  (expected: Policy.Approval | null, approval: Policy.Approval | null) =>
  (policy: Policy.Policy): Policy.Policy =>
    policy.approval?.atMillis === expected?.atMillis && policy.approval?.by === expected?.by
      ? { ...policy, approval }
      : policy

const write = (parts: LoopParts, change: (policy: Policy.Policy) => Policy.Policy) =>
  PolicyWatch.change(parts.policy, change).pipe(
    Effect.zipRight(Ref.set(parts.policyFailure, null)),
    Effect.as(true),
    Effect.catchAll((error) =>
      Effect.gen(function* () {
        yield* Metrics.countApiError("policy", error._tag)
        const before = yield* Ref.getAndSet(parts.policyFailure, error.message)
        if (before !== error.message)
          yield* Telling.warning("policy-failed", `the policy cannot be written: ${error.message}`)
        return false
      })
    )
  )
