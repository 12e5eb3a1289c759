/**
 * Moves that have ended, newest first: what `/v1/moves` and `evenkeel history` show, and what the limits per hour count. Kept
 * in Swarm's raft (see `PolicyStore`), so every instance counts the same moves. Bounded by number.
 */
import * as Schema from "effect/Schema"
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"

export const PastMove = Schema.Struct({
  operation: Schema.String,
  service: ServiceId,
  serviceName: Schema.String,
  strategy: Schema.String,
  /** The task that was to end. */
  task: TaskId,
  from: NodeId,
  fromName: Schema.String,
  to: NodeId,
  toName: Schema.String,
  outcome: Schema.Literal("completed", "undone"),
  because: Schema.String,
  startedAtMillis: Schema.Number,
  endedAtMillis: Schema.Number
})
export type PastMove = typeof PastMove.Type

export const MoveHistory = Schema.Struct({ moves: Schema.Array(PastMove) })
export type MoveHistory = typeof MoveHistory.Type

export const none: MoveHistory = { moves: [] }

/** Older moves are forgotten. Enough for an hour at the default pace, and a document of some 100 KB. */
export const movesKept = 250

/** Of a longer reason the beginning is kept, so that no move makes the document larger than a config may be. */
const longestReason = 300

const bounded = (move: PastMove): PastMove =>
  move.because.length <= longestReason ? move : { ...move, because: `${move.because.slice(0, longestReason)}…` }

/** With the moves added that are not in it yet; an operation ends once. */
export const withMoves = (history: MoveHistory, ended: ReadonlyArray<PastMove>): MoveHistory => {
  const known = new Set(history.moves.map(({ operation }) => operation))
  const added = ended.filter(({ operation }) => !known.has(operation))
  if (added.length === 0) return history
  const moves = [...added.map(bounded), ...history.moves].toSorted((a, b) => b.endedAtMillis - a.endedAtMillis)
  return { moves: moves.slice(0, movesKept) }
}
