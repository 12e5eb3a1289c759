/**
 * Carries out one decision and tells of it: log, metrics, history, webhook. What goes wrong is told and left to the next
 * reading. A step that has begun is not interrupted: the engine's answer is wanted, and each call has its own time-out.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Ref from "effect/Ref"
import type { MoveJournal } from "@evenkeel/domain/MoveJournal"
import type { Move } from "@evenkeel/domain/Plan"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Decision } from "@evenkeel/executor/Decision"
import * as Mover from "@evenkeel/executor/Mover"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as HistoryKeeper from "./HistoryKeeper.ts"
import type { LoopParts } from "./LoopParts.ts"
import * as Metrics from "./RebalancerMetrics.ts"
import * as Telling from "./Telling.ts"

export const carryOut = (parts: LoopParts, snapshot: Snapshot, decision: Decision) =>
  Effect.uninterruptible(step(parts, snapshot, decision)).pipe(
    Effect.catchAll((error) =>
      Effect.gen(function* () {
        const message = `${decision._tag}: ${error.message}`
        const before = yield* Ref.getAndSet(parts.stepFailure, message)
        yield* Metric.increment(Metric.tagged(Metrics.writesFailed, "error", error._tag))
        if (!ownRefusals.has(error._tag)) yield* Metrics.countApiError("write", error._tag)
        if (before !== message) yield* Telling.warning("step-failed", message)
      })
    )
  )

/** Steps that were put off before the engine was asked to write anything. */
const ownRefusals = new Set<string>(["DecisionOvertaken", "StepRefused"])

/** After these a write may have been done all the same. */
const lostAnswers = new Set<string>(["EngineTimedOut", "EngineUnreachable"])

const count = (strategy: string, result: string) =>
  Metric.increment(Metric.tagged(Metric.tagged(Metrics.moves, "strategy", strategy), "result", result))

const nameIn = (snapshot: Snapshot) => (id: Move["from"]) => snapshot.node(id)?.hostname ?? id

const step = Effect.fn("Carrying.step")(function* (parts: LoopParts, snapshot: Snapshot, decision: Decision) {
  switch (decision._tag) {
    case "Idle":
    case "Hold":
      return
    case "Begin":
      yield* begin(parts, snapshot, decision)
      break
    case "Restore": {
      const { because, journal, outcome, service } = decision
      yield* Mover.restore(service, journal)
      yield* ended(parts, snapshot, { service, journal, outcome, because })
      break
    }
    case "Withdraw": {
      const { because, constraint, journal, service } = decision
      yield* Mover.withdraw(service, journal, constraint)
      yield* Telling.warning("move.withdrawn", `move of ${service.name} is given up: ${because}`, {
        service: service.name,
        operation: journal.operation
      })
      break
    }
    case "Settle":
      yield* Mover.settle(decision.service)
      yield* Ref.update(parts.owed, (owed) => owed.difference(new Set([decision.service.id])))
      yield* Telling.info("move.settled", `${decision.service.name} is settled: a rollback of it changes nothing`, {
        service: decision.service.name
      })
      break
    default:
      return decision satisfies never
  }
  yield* Ref.set(parts.stepFailure, null)
  yield* Effect.flatMap(SwarmClient, ({ hurry }) => hurry)
})

const begin = Effect.fn("Carrying.begin")(function* (
  parts: LoopParts,
  snapshot: Snapshot,
  { move, plan }: Extract<Decision, { readonly _tag: "Begin" }>
) {
  const service = snapshot.service(move.service)
  if (service === undefined) return
  const nameOf = nameIn(snapshot)
  const owe = Ref.update(parts.owed, (owed) => owed.union(new Set([service.id])))
  const journal = yield* Mover.begin(service, move, parts.config.moveDeadlineMillis).pipe(
    Effect.tapError(({ _tag }) => (lostAnswers.has(_tag) ? owe : Effect.void))
  )
  yield* owe
  yield* Ref.update(parts.begun, (begun) => new Set([...begun, journal.operation]))
  yield* Ref.update(parts.openPlan, (open) => {
    const left = open?.plan === plan ? open.left : plan.moves
    return { plan, left: left.filter((other) => other !== move) }
  })
  const about = {
    operation: journal.operation,
    service: service.name,
    strategy: move.strategy,
    order: move.order,
    task: move.task,
    from: nameOf(move.from),
    to: nameOf(move.to),
    reason: move.text
  }
  yield* count(move.strategy, "begun")
  yield* Telling.info("move.begun", `moving ${service.name} by ${move.strategy}`, about)
  yield* parts.webhook.notify({ event: "move.begun", move: about })
})

interface Ended {
  readonly service: Service
  readonly journal: MoveJournal | null
  readonly outcome: "completed" | "undone"
  readonly because: string
}

const ended = Effect.fn("Carrying.ended")(function* (
  parts: LoopParts,
  snapshot: Snapshot,
  { because, journal, outcome, service }: Ended
) {
  const nameOf = nameIn(snapshot)
  const isOwn = journal !== null && (yield* Ref.get(parts.begun)).has(journal.operation)
  if (!isOwn) yield* Metric.increment(Metrics.journalRecovered)
  yield* count(journal?._tag ?? "unknown", outcome)
  yield* Telling.info(`move.${outcome}`, `move of ${service.name} ${outcome}: ${because}`, {
    service: service.name,
    recovered: !isOwn,
    ...(journal === null ? {} : { operation: journal.operation })
  })
  if (journal === null) return
  yield* Ref.update(parts.begun, (begun) => new Set([...begun].filter((operation) => operation !== journal.operation)))
  const past = {
    operation: journal.operation,
    service: service.id,
    serviceName: service.name,
    strategy: journal._tag,
    task: journal.task,
    from: journal.from,
    fromName: nameOf(journal.from),
    to: journal.to,
    toName: nameOf(journal.to),
    outcome,
    because,
    startedAtMillis: journal.startedAtMillis,
    endedAtMillis: yield* Clock.currentTimeMillis
  }
  yield* HistoryKeeper.add(parts.history, past)
  yield* parts.webhook.notify({ event: `move.${outcome}`, move: past })
})
