/**
 * The history of moves as the leading instance keeps it: what the Swarm holds, and what has ended since and is not written yet.
 * Writing never holds up a decision; what could not be written is tried again.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as MoveHistory from "@evenkeel/executor/brakes/MoveHistory"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import type { Held } from "@evenkeel/executor/brakes/RaftDocument"
import * as Metrics from "./RebalancerMetrics.ts"
import * as Telling from "./Telling.ts"

interface Kept {
  /** Null before it was read, and after somebody else has led. */
  readonly held: Held<MoveHistory.MoveHistory> | null
  readonly unwritten: ReadonlyArray<MoveHistory.PastMove>
  /** What failed last, and why; null when nothing did. */
  readonly failure: { readonly purpose: "read" | "written"; readonly message: string } | null
  /** When it was tried to read it last. */
  readonly triedAtMillis: number
}

export interface HistoryKeeper {
  readonly kept: Ref.Ref<Kept>
  readonly wake: Queue.Queue<void>
}

/** What could not be written is tried again after this, what could not be read after that. */
const retryMillis = 5_000
const rereadMillis = 1_000

export const make: Effect.Effect<HistoryKeeper> = Effect.gen(function* () {
  const kept = yield* Ref.make<Kept>({ held: null, unwritten: [], failure: null, triedAtMillis: -Infinity })
  return { kept, wake: yield* Queue.sliding<void>(1) }
})

const note =
  (keeper: HistoryKeeper, purpose: "read" | "written") =>
  ({ _tag, message }: { readonly _tag: string; readonly message: string }) =>
    Effect.gen(function* () {
      const before = yield* Ref.getAndUpdate(keeper.kept, (kept) => ({ ...kept, failure: { purpose, message } }))
      yield* Metrics.countApiError("history", _tag)
      if (before.failure?.message !== message)
        yield* Telling.warning("history-failed", `the history cannot be ${purpose}: ${message}`)
    })

/** The newest moves, read from the Swarm where this instance does not keep them. A failure is told and gives what is known. */
export const moves = Effect.fn("HistoryKeeper.moves")(function* (keeper: HistoryKeeper) {
  const now = yield* Clock.currentTimeMillis
  const before = yield* Ref.get(keeper.kept)
  if (before.held === null && now - before.triedAtMillis >= (before.failure?.purpose === "read" ? rereadMillis : 0)) {
    yield* Ref.update(keeper.kept, (kept) => ({ ...kept, triedAtMillis: now }))
    yield* PolicyStore.history.read().pipe(
      // What was written meanwhile is newer.
      Effect.flatMap((held) =>
        Ref.update(keeper.kept, (kept) => ({ ...kept, held: kept.held ?? held, failure: null }))
      ),
      Effect.catchAll(note(keeper, "read"))
    )
  }
  const { held, unwritten } = yield* Ref.get(keeper.kept)
  return MoveHistory.withMoves(held?.value ?? MoveHistory.none, unwritten).moves
})

/** Why the history is not known; null when it is, or when nobody has asked for it. */
export const failure = (keeper: HistoryKeeper) =>
  Effect.map(Ref.get(keeper.kept), (kept) =>
    kept.held === null && kept.failure?.purpose === "read" ? kept.failure.message : null
  )

/** Somebody else leads, or may have led: what this instance knows is of the past. */
export const forget = (keeper: HistoryKeeper) => Ref.update(keeper.kept, (kept) => ({ ...kept, held: null }))

/** Remembers a move that has ended; it is written by `run`. */
export const add = (keeper: HistoryKeeper, move: MoveHistory.PastMove) =>
  Effect.zipRight(
    Ref.update(keeper.kept, (kept) => ({
      ...kept,
      unwritten: [move, ...kept.unwritten].slice(0, MoveHistory.movesKept)
    })),
    Queue.offer(keeper.wake, undefined)
  )

/** Writes what is not written yet; whether nothing is left. */
export const flush = Effect.fn("HistoryKeeper.flush")(function* (keeper: HistoryKeeper) {
  const { unwritten } = yield* Ref.get(keeper.kept)
  if (unwritten.length === 0) return true
  return yield* PolicyStore.history
    .change((history) => MoveHistory.withMoves(history, unwritten))
    .pipe(
      Effect.flatMap((held) =>
        Ref.update(keeper.kept, (kept) => ({
          ...kept,
          held,
          unwritten: kept.unwritten.filter((move) => !unwritten.includes(move)),
          failure: null
        }))
      ),
      Effect.as(true),
      Effect.catchAll((error) => Effect.as(note(keeper, "written")(error), false))
    )
})

/** Writes what comes until interrupted. */
export const run = (keeper: HistoryKeeper) =>
  Effect.forever(
    Effect.zipRight(
      Queue.take(keeper.wake),
      Effect.flatMap(flush(keeper), (isDone) =>
        isDone ? Effect.void : Effect.zipRight(Effect.sleep(retryMillis), Queue.offer(keeper.wake, undefined))
      )
    )
  )
