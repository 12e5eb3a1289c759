/**
 * The rebalancer's loops. One publishes every reading of the Swarm as a routing table at once: routers wait for it. One takes
 * the newest reading, makes one decision and carries it out, however long the engine takes, before it takes the next. Two more
 * keep policy and history. A failure of a step is logged and counted; the next reading decides anew.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Move } from "@evenkeel/domain/Plan"
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Routes from "@evenkeel/domain/Routes"
import { type BrakeState, names as brakeNames } from "@evenkeel/executor/brakes/Brake"
import * as Consent from "@evenkeel/executor/brakes/Consent"
import * as FlapQuarantine from "@evenkeel/executor/brakes/FlapQuarantine"
import type { Decision } from "@evenkeel/executor/Decision"
import * as Stability from "@evenkeel/executor/Stability"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { type Assessment, assess } from "./Assessment.ts"
import { carryOut } from "./Carrying.ts"
import { logChange } from "./DecisionLog.ts"
import * as HistoryKeeper from "./HistoryKeeper.ts"
import type { LoopParts } from "./LoopParts.ts"
import { isUnchanged } from "./Planning.ts"
import * as PolicyKeeping from "./PolicyKeeping.ts"
import * as PolicyWatch from "./PolicyWatch.ts"
import * as Metrics from "./RebalancerMetrics.ts"
import type * as State from "./RebalancerState.ts"
import * as Telling from "./Telling.ts"

/** Runs until interrupted. */
export const run = Effect.fn("Loop.run")(function* (parts: LoopParts) {
  const client = yield* SwarmClient
  const newest = yield* Queue.sliding<Snapshot>(1)
  yield* PolicyWatch.refresh(parts.policy)
  const publishing = client.snapshots().pipe(
    Stream.runForEach((reading) => {
      if (reading._tag === "SnapshotFailure") return noteFailure(parts, reading.error)
      const problems = reading.problems.map(({ message }) => ({ problem: message }))
      return Effect.zipRight(
        surviving("a reading was not published", publish(parts, reading.snapshot, problems)),
        Queue.offer(newest, reading.snapshot)
      )
    })
  )
  const deciding = Effect.forever(
    Effect.flatMap(Queue.take(newest), (snapshot) => surviving("nothing was decided", act(parts, snapshot)))
  )
  const keeping = [
    lasting("the policy was not read", PolicyWatch.run(parts.policy)),
    lasting("the history was not written", HistoryKeeper.run(parts.history))
  ]
  yield* Effect.all([publishing, deciding, ...keeping], { concurrency: "unbounded", discard: true })
})

/** A fault of this program in one loop must not end the other: routers go on being told where tasks are. */
const surviving = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) =>
  Effect.catchAllDefect(effect, (defect) =>
    Telling.error("fault", `${what}: a fault of this program; it is tried again`, defect)
  )

/** A loop that a fault only interrupts. */
const lasting = <A, E, R>(what: string, loop: Effect.Effect<A, E, R>) =>
  Effect.forever(Effect.zipRight(surviving(what, loop), Effect.sleep("1 second")))

const noteFailure = (parts: LoopParts, error: { readonly _tag: string; readonly message: string }) =>
  Effect.gen(function* () {
    const { message } = error
    const before = yield* Ref.getAndUpdate(parts.state, (state) => ({ ...state, readingFailure: message }))
    yield* Metric.increment(Metric.tagged(Metrics.readings, "result", "failed"))
    yield* Metrics.countApiError("read", error._tag)
    if (before.readingFailure !== message) yield* Telling.warning("reading-failed", message)
  })

/** The table of a reading that found nothing new is the one before. */
const tableOf = (parts: LoopParts, snapshot: Snapshot): Effect.Effect<RoutingTable> =>
  Effect.gen(function* () {
    const before = yield* SubscriptionRef.get(parts.published)
    const { snapshot: last } = yield* Ref.get(parts.state)
    return before !== null && last !== null && isUnchanged(last, snapshot)
      ? before.table
      : Routes.fromSnapshot(snapshot)
  })

const publish = (parts: LoopParts, snapshot: Snapshot, readingProblems: State.RebalancerState["problems"]) =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const table = yield* tableOf(parts, snapshot)
    yield* SubscriptionRef.set(parts.published, {
      table,
      raftIndex: snapshot.raftIndex,
      quorum: snapshot.hasQuorum,
      readAtMillis: snapshot.readAtMillis
    })
    yield* Ref.update(parts.stability, (before) => Stability.observe(before, snapshot, nowMillis))
    yield* Ref.update(parts.losses, (before) => FlapQuarantine.observe(before, snapshot, nowMillis))
    yield* Ref.update(parts.state, (state) => ({
      ...state,
      snapshot,
      readingFailure: null,
      problems: [...readingProblems, ...table.problems]
    }))
    yield* Metric.increment(Metric.tagged(Metrics.readings, "result", "read"))
    yield* Metric.set(Metrics.leads, snapshot.isReadByLeader ? 1 : 0)
  })

const act = (parts: LoopParts, snapshot: Snapshot) =>
  Effect.gen(function* () {
    if (!snapshot.isReadByLeader) yield* HistoryKeeper.forget(parts.history)
    else yield* PolicyKeeping.keep(parts, snapshot)
    const { held } = yield* Ref.get(parts.policy)
    const first = yield* assess(parts, snapshot, false)
    const { decision, engaged, plan } =
      first.decision._tag === "Begin" ? yield* reconsider(parts, snapshot, first.decision, first.state) : first
    const before = yield* Ref.getAndUpdate(parts.state, (state) => ({
      ...state,
      plan,
      planRevision: held.revision,
      decision,
      engaged
    }))
    if (plan !== null) yield* Metric.set(Metrics.plannedMoves, plan.moves.length)
    else if (!snapshot.isReadByLeader) yield* Metric.set(Metrics.plannedMoves, 0)
    yield* Metric.set(Metrics.holding, decision._tag === "Hold" ? 1 : 0)
    yield* Effect.forEach(brakeNames, (name) =>
      Metric.set(
        Metric.tagged(Metrics.brakesEngaged, "brake", name),
        engaged.filter(({ brake }) => brake === name).length
      )
    )
    yield* logChange(before.decision, decision, engaged)
    const heldBefore = before.decision._tag === "Hold" ? before.decision.service.id : null
    if (decision._tag === "Hold" && decision.service.id !== heldBefore) {
      const { because, service } = decision
      yield* parts.webhook.notify({ event: "move.held", service: service.name, because })
    }
    yield* carryOut(parts, snapshot, decision)
  })

type Begin = Extract<Decision, { readonly _tag: "Begin" }>

const isSameMove = (a: Move, b: Move): boolean =>
  (["service", "task", "from", "to", "strategy", "order"] as const).every((field) => a[field] === b[field])

/**
 * Before a move begins: the consent hook has its say, and then, since it may take its time, the policy is read once more.
 * Somebody may have paused a moment ago.
 */
const reconsider = (parts: LoopParts, snapshot: Snapshot, { move }: Begin, { settings }: BrakeState) =>
  Effect.gen(function* () {
    const nameOf = (id: typeof move.from) => snapshot.node(id)?.hostname ?? id
    const names = { fromName: nameOf(move.from), toName: nameOf(move.to) }
    const refusal = yield* parts.consent.ask(move, names, settings)
    const nowMillis = yield* Clock.currentTimeMillis
    yield* Ref.update(parts.refusals, (refusals) => Consent.withRefusal(refusals, refusal, nowMillis))
    yield* PolicyWatch.refresh(parts.policy)
    const assessment = yield* assess(parts, snapshot, false)
    const { decision } = assessment
    if (decision._tag !== "Begin" || (refusal === null && isSameMove(decision.move, move))) return assessment
    const because =
      refusal === null
        ? `what is to be moved has changed since the consent hook was asked about service ${move.serviceName}`
        : `service ${refusal.serviceName}: ${refusal.reason}`
    return { ...assessment, decision: { _tag: "Idle", because } } satisfies Assessment
  })

/**
 * Brings an open move to a safe end before the process goes: gives the user's spec back where that stops no serving task, else
 * leaves the journal to the next instance. What is to be remembered is written.
 */
export const finish = Effect.fn("Loop.finish")(function* (parts: LoopParts) {
  const client = yield* SwarmClient
  const once = Effect.gen(function* () {
    const { snapshot } = yield* client.reading
    const nowMillis = yield* Clock.currentTimeMillis
    yield* Ref.update(parts.stability, (before) => Stability.observe(before, snapshot, nowMillis))
    const { decision } = yield* assess(parts, snapshot, true)
    yield* carryOut(parts, snapshot, decision)
    return decision
  })
  const ended = yield* once.pipe(
    // Restore, then settle: two writes; a third round sees that nothing is left.
    Effect.repeat({ until: ({ _tag }) => _tag === "Idle" || _tag === "Hold", times: 4 }),
    Effect.timeoutOption("8 seconds"),
    Effect.catchAll((error) => Effect.as(Telling.warning("stopping", `stopping: ${error.message}`), null))
  )
  if (ended !== null && ended._tag === "None")
    yield* Telling.warning("stopping", "stopping: a move is left to the next instance")
  yield* Effect.timeoutOption(HistoryKeeper.flush(parts.history), "3 seconds")
})
