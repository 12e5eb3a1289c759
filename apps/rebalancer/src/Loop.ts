/**
 * The rebalancer's two loops. One publishes every reading of the Swarm as a routing table at once: routers wait for it. The
 * other takes the newest reading, makes one decision and carries it out, however long the engine takes, before it takes the
 * next. A failure of a step is logged and counted; the next reading decides anew.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Balance from "@evenkeel/domain/Balance"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Routes from "@evenkeel/domain/Routes"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { type Decision, decide, planNow } from "@evenkeel/executor/Decision"
import * as Mover from "@evenkeel/executor/Mover"
import * as Stability from "@evenkeel/executor/Stability"
import type { FeedReading } from "@evenkeel/feed/FeedLog"
import type { RebalancerConfig } from "./RebalancerConfig.ts"
import * as Metrics from "./RebalancerMetrics.ts"
import * as State from "./RebalancerState.ts"

export interface LoopParts {
  readonly config: RebalancerConfig
  readonly state: Ref.Ref<State.RebalancerState>
  readonly stability: Ref.Ref<Stability.Stability>
  readonly published: SubscriptionRef.SubscriptionRef<FeedReading | null>
}

/** Runs until interrupted. */
export const run = Effect.fn("Loop.run")(function* (parts: LoopParts) {
  const client = yield* SwarmClient
  const newest = yield* Queue.sliding<Snapshot>(1)
  const publishing = client.snapshots().pipe(
    Stream.runForEach((reading) => {
      if (reading._tag === "SnapshotFailure") return noteFailure(parts, reading.error.message)
      const problems = reading.problems.map(({ message }) => ({ problem: message }))
      return Effect.zipRight(publish(parts, reading.snapshot, problems), Queue.offer(newest, reading.snapshot))
    })
  )
  const deciding = Effect.forever(Effect.flatMap(Queue.take(newest), (snapshot) => act(parts, snapshot)))
  yield* Effect.all([publishing, deciding], { concurrency: 2, discard: true })
})

const noteFailure = (parts: LoopParts, message: string) =>
  Effect.gen(function* () {
    const before = yield* Ref.getAndUpdate(parts.state, (state) => ({ ...state, readingFailure: message }))
    yield* Metric.increment(Metric.tagged(Metrics.readings, "result", "failed"))
    if (before.readingFailure !== message) yield* Effect.logWarning(message)
  })

const publish = (parts: LoopParts, snapshot: Snapshot, readingProblems: State.RebalancerState["problems"]) =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const table = Routes.fromSnapshot(snapshot)
    yield* SubscriptionRef.set(parts.published, {
      table,
      raftIndex: snapshot.raftIndex,
      quorum: snapshot.hasQuorum,
      readAtMillis: snapshot.readAtMillis
    })
    yield* Ref.update(parts.stability, (before) => Stability.observe(before, snapshot, nowMillis))
    yield* Ref.update(parts.state, (state) => ({
      ...state,
      snapshot,
      readingFailure: null,
      problems: [...readingProblems, ...table.problems]
    }))
    yield* Metric.increment(Metric.tagged(Metrics.readings, "result", "read"))
    yield* Metric.set(Metrics.leads, snapshot.isReadByLeader ? 1 : 0)
    const balance = Balance.of(snapshot)
    yield* Effect.forEach(balance.groups, ({ group, skew }) =>
      Metric.set(Metric.tagged(Metrics.groupSkew, "group", group), skew)
    )
    yield* Metric.set(Metrics.nodeSkew, balance.nodeSkew)
  })

const act = (parts: LoopParts, snapshot: Snapshot) =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const stability = yield* Ref.get(parts.stability)
    const plan = planNow(snapshot, nowMillis, parts.config.coolDownMillis)
    const decision = decide({ snapshot, stability, nowMillis, stopping: false }, parts.config)
    const before = yield* Ref.getAndUpdate(parts.state, (state) => ({ ...state, plan, decision }))
    yield* Metric.set(Metrics.plannedMoves, plan.moves.length)
    yield* Metric.set(Metrics.holding, decision._tag === "Hold" ? 1 : 0)
    yield* logChange(before.decision, decision)
    yield* carryOut(parts, snapshot, decision)
  })

/** A decision is told once, when it differs from the one before in more than elapsed time. */
const logChange = (before: Decision, now: Decision) => {
  const gist = (decision: Decision) => ("because" in decision ? decision.because.replaceAll(/\d+/g, "#") : "")
  if (before._tag === now._tag && gist(before) === gist(now)) return Effect.void
  if (now._tag === "Idle") return Effect.logInfo(`idle: ${now.because}`)
  if (now._tag === "Hold") return Effect.logWarning(`move of ${now.service.name} held: ${now.because}`)
  return Effect.void
}

/**
 * Carries out a decision; what goes wrong is told and left to the next reading. A step that has begun is not interrupted: the
 * engine's answer is wanted, and each call has its own time-out.
 */
export const carryOut = (parts: LoopParts, snapshot: Snapshot, decision: Decision) =>
  Effect.uninterruptible(step(parts, snapshot, decision)).pipe(
    Effect.catchAll((error) =>
      Effect.zipRight(
        Metric.increment(Metric.tagged(Metrics.writesFailed, "error", error._tag)),
        Effect.logWarning(`${decision._tag}: ${error.message}`)
      )
    )
  )

const step = Effect.fn("Loop.step")(function* (parts: LoopParts, snapshot: Snapshot, decision: Decision) {
  const client = yield* SwarmClient
  const nameOf = (id: Parameters<Snapshot["node"]>[0]) => snapshot.node(id)?.hostname ?? id
  const count = (strategy: string, result: string) =>
    Metric.increment(Metric.tagged(Metric.tagged(Metrics.moves, "strategy", strategy), "result", result))
  switch (decision._tag) {
    case "Idle":
    case "Hold":
      return
    case "Begin": {
      const { move } = decision
      const service = snapshot.service(move.service)
      if (service === undefined) return
      const journal = yield* Mover.begin(snapshot, service, move, parts.config.moveDeadlineMillis)
      yield* count(move.strategy, "begun")
      yield* Effect.logInfo(`moving ${service.name} by ${move.strategy}`).pipe(
        Effect.annotateLogs({
          operation: journal.operation,
          service: service.name,
          task: move.task,
          from: nameOf(move.from),
          to: nameOf(move.to),
          reason: move.text
        })
      )
      break
    }
    case "Restore": {
      const { service, journal, outcome, because } = decision
      yield* Mover.restore(service, journal)
      const strategy = journal?._tag ?? "pin"
      yield* count(strategy, outcome)
      yield* Effect.logInfo(`move of ${service.name} ${outcome}: ${because}`)
      if (journal === null) break
      const endedAtMillis = yield* Clock.currentTimeMillis
      yield* Ref.update(parts.state, (state) =>
        State.withEndedMove(state, {
          operation: journal.operation,
          serviceName: service.name,
          strategy,
          from: nameOf(journal.from),
          to: nameOf(journal.to),
          outcome,
          because,
          startedAtMillis: journal.startedAtMillis,
          endedAtMillis
        })
      )
      break
    }
    case "Settle":
      yield* Mover.settle(decision.service)
      yield* Effect.logInfo(`${decision.service.name} is settled: a rollback of it changes nothing`)
  }
  yield* client.hurry
})

/**
 * Brings an open move to a safe end before the process goes: gives the user's spec back where that stops no serving task, else
 * leaves the journal to the next instance.
 */
export const finish = Effect.fn("Loop.finish")(function* (parts: LoopParts) {
  const client = yield* SwarmClient
  const once = Effect.gen(function* () {
    const { snapshot } = yield* client.reading
    const nowMillis = yield* Clock.currentTimeMillis
    const stability = yield* Ref.updateAndGet(parts.stability, (before) =>
      Stability.observe(before, snapshot, nowMillis)
    )
    const decision = decide({ snapshot, stability, nowMillis, stopping: true }, parts.config)
    yield* carryOut(parts, snapshot, decision)
    return decision
  })
  const ended = yield* once.pipe(
    // Restore, then settle: two writes; a third round sees that nothing is left.
    Effect.repeat({ until: ({ _tag }) => _tag === "Idle" || _tag === "Hold", times: 4 }),
    Effect.timeoutOption("8 seconds"),
    Effect.catchAll((error) => Effect.as(Effect.logWarning(`stopping: ${error.message}`), null))
  )
  if (ended !== null && ended._tag === "None") yield* Effect.logWarning("stopping: a move is left to the next instance")
})
