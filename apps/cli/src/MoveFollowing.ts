/**
 * Follows one service's move until nothing of it is left: reads, asks `MoveProgress` for the next step, takes it, reads again.
 * A rebalancer may be doing the same; whoever writes first wins, and the other sees that it is done.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { ServiceId } from "@evenkeel/domain/Ids"
import * as MoveJournal from "@evenkeel/domain/MoveJournal"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Mover from "@evenkeel/executor/Mover"
import * as Stability from "@evenkeel/executor/Stability"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"

/** Is told a line of progress. */
export type Note = (line: string) => Effect.Effect<void>

/** Represents something that was begun and did not come to its intended end. */
export class NotConverged extends Schema.TaggedError<NotConverged>()("NotConverged", { what: Schema.String }) {
  override get message(): string {
    return this.what
  }
}

export type Outcome = { readonly _tag: "completed" } | { readonly _tag: "undone"; readonly because: string }

/** After the journal's deadline a move is undone; this long after that it is given up watching. */
const graceMillis = 60_000

/** How long a service with remains of a move but no journal may take. */
const withoutJournalMillis = 60_000

interface Following {
  readonly id: ServiceId
  readonly stability: Ref.Ref<Stability.Stability>
  /** What the last step of this process made of it. */
  readonly outcome: Ref.Ref<Outcome | null>
  readonly told: Ref.Ref<string>
  readonly giveUpAtMillis: Ref.Ref<number>
  /** The journal as last seen: tells the outcome when somebody else takes the last step. */
  readonly journal: Ref.Ref<MoveJournal.MoveJournal | null>
}

export interface FollowOptions {
  readonly stabilityMillis: number
  /** Give the move up now if that is safe, rather than wait for its task. Default false. */
  readonly stopping?: boolean
}

/**
 * Ends when the service carries no trace of a move. Readings that fail are told and repeated. Fails with NotConverged when the
 * move is neither finished nor undone a minute after its deadline: its journal is still there then.
 */
export const throughToTheEnd = Effect.fn("MoveFollowing.throughToTheEnd")(function* (
  id: ServiceId,
  /** The journal, where the caller has just written it. */
  begun: MoveJournal.MoveJournal | null,
  { stabilityMillis, stopping = false }: FollowOptions,
  note: Note
) {
  const client = yield* SwarmClient
  const startedAtMillis = yield* Clock.currentTimeMillis
  const following: Following = {
    id,
    stability: yield* Ref.make(Stability.initial(startedAtMillis)),
    outcome: yield* Ref.make<Outcome | null>(null),
    told: yield* Ref.make(""),
    giveUpAtMillis: yield* Ref.make(startedAtMillis + withoutJournalMillis),
    journal: yield* Ref.make(begun)
  }
  yield* client.hurry
  const ended = yield* client.snapshots().pipe(
    Stream.mapEffect((element) =>
      element._tag === "SnapshotFailure"
        ? Effect.as(tellOnce(following, note, element.error.message), Option.none<Outcome>())
        : onSnapshot(following, element.snapshot, { stabilityMillis, stopping }, note)
    ),
    Stream.filterMap((outcome) => outcome),
    Stream.runHead
  )
  return yield* Option.match(ended, {
    onNone: () => new NotConverged({ what: "the Swarm is no longer read" }),
    onSome: Effect.succeed
  })
})

/** A line is told when its gist, all but its numbers, differs from the one before. */
const tellOnce = (following: Following, note: Note, line: string) =>
  Effect.gen(function* () {
    const gist = line.replaceAll(/\d+/g, "#")
    if ((yield* Ref.getAndSet(following.told, gist)) !== gist) yield* note(line)
    const now = yield* Clock.currentTimeMillis
    if (now > (yield* Ref.get(following.giveUpAtMillis)))
      return yield* new NotConverged({
        what: `${line}; given up waiting. The journal is in place: a rebalancer in mode act, or evenkeel apply, goes on`
      })
  })

const onSnapshot = Effect.fnUntraced(function* (
  following: Following,
  snapshot: Snapshot,
  { stabilityMillis, stopping }: Required<FollowOptions>,
  note: Note
) {
  const nowMillis = yield* Clock.currentTimeMillis
  const stability = yield* Ref.updateAndGet(following.stability, (before) =>
    Stability.observe(before, snapshot, nowMillis)
  )
  const service = snapshot.service(following.id)
  if (service === undefined) return Option.some<Outcome>({ _tag: "undone", because: "the service was removed" })
  const reading = MoveJournal.read(service.labels)
  if (reading._tag === "Found") {
    yield* Ref.set(following.journal, reading.journal)
    yield* Ref.set(following.giveUpAtMillis, reading.journal.deadlineMillis + graceMillis)
  }
  const step = MoveProgress.next({
    snapshot,
    service,
    nowMillis,
    stopping,
    stabilityMillis,
    servingForMillis: (task) => {
      const since = Stability.servingSinceMillis(stability, service.id, task)
      return since === undefined ? null : nowMillis - since
    }
  })
  switch (step._tag) {
    case "Nothing": {
      const own = yield* Ref.get(following.outcome)
      return Option.some(own ?? outcomeSeen(snapshot, service, yield* Ref.get(following.journal)))
    }
    case "Wait":
    case "Hold":
      yield* tellOnce(following, note, `${service.name}: ${step._tag === "Hold" ? "held: " : ""}${step.because}`)
      return Option.none<Outcome>()
    case "Restore": {
      yield* tellOnce(following, note, `${service.name}: ${step.because}; giving the service its own spec back`)
      const written = yield* write(Mover.restore(service, step.journal), following, note)
      const outcome: Outcome =
        step.outcome === "completed" ? { _tag: "completed" } : { _tag: "undone", because: step.because }
      if (written) yield* Ref.set(following.outcome, outcome)
      return Option.none<Outcome>()
    }
    case "Withdraw":
      yield* tellOnce(following, note, `${service.name}: ${step.because}; giving the move up`)
      yield* write(Mover.withdraw(service, step.journal, step.constraint), following, note)
      return Option.none<Outcome>()
    case "Settle":
      yield* write(Mover.settle(service), following, note)
      return Option.none<Outcome>()
  }
})

/** One write, never cut off in the middle. One that was overtaken or got no answer is decided anew after the next reading. */
const write = Effect.fnUntraced(function* <E extends Error, R>(
  effect: Effect.Effect<unknown, E, R>,
  following: Following,
  note: Note
) {
  const client = yield* SwarmClient
  const written = yield* Effect.uninterruptible(effect).pipe(
    Effect.as(true),
    Effect.catchAll((error) => Effect.as(tellOnce(following, note, error.message), false))
  )
  yield* client.hurry
  return written
})

const undoneByOthers = "a rebalancer, or another apply, undid it"

/** What became of a move whose last step somebody else took: completed where a task serves on a node it was to go to. */
const outcomeSeen = (snapshot: Snapshot, service: Service, journal: MoveJournal.MoveJournal | null): Outcome => {
  if (journal === null) return { _tag: "completed" }
  const old = snapshot.task(journal.task)
  if (journal._tag === "empty") {
    const left = snapshot.tasksOfService(service.id).some((task) => task.isServing && task.node === journal.from)
    return left ? { _tag: "undone", because: undoneByOthers } : { _tag: "completed" }
  }
  const wanted = new Set([journal.to, ...(journal._tag === "surge" ? journal.alternatives : [])])
  const arrived = snapshot
    .tasksOfService(service.id)
    .some((task) => task.isServing && task.node !== null && wanted.has(task.node))
  return arrived && old?.isServing !== true ? { _tag: "completed" } : { _tag: "undone", because: undoneByOthers }
}
