/**
 * What this instance knows and last did, for the API, readiness and metrics. Written by the loop alone; readers get a whole
 * value at a time.
 */
import type { MoveJournal } from "@evenkeel/domain/MoveJournal"
import type { Plan } from "@evenkeel/domain/Plan"
import type { RouteProblem } from "@evenkeel/domain/RoutingTable"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Decision } from "@evenkeel/executor/Decision"

/** A move this instance has ended, or taken over and ended. */
export interface EndedMove {
  readonly operation: string
  readonly serviceName: string
  readonly strategy: MoveJournal["_tag"]
  readonly from: string
  readonly to: string
  readonly outcome: "completed" | "undone"
  readonly because: string
  readonly startedAtMillis: number
  readonly endedAtMillis: number
}

export interface RebalancerState {
  readonly snapshot: Snapshot | null
  readonly plan: Plan | null
  readonly decision: Decision
  /** Things about services or readings that an operator should mend. */
  readonly problems: ReadonlyArray<RouteProblem | { readonly problem: string }>
  /** Why the last reading failed; null when it did not. */
  readonly readingFailure: string | null
  /** Newest first, at most `endedMovesKept`. */
  readonly endedMoves: ReadonlyArray<EndedMove>
}

export const endedMovesKept = 100

export const initial: RebalancerState = {
  snapshot: null,
  plan: null,
  decision: { _tag: "Idle", because: "the Swarm has not been read yet" },
  problems: [],
  readingFailure: "the Swarm has not been read yet",
  endedMoves: []
}

/** The state with one more ended move. */
export const withEndedMove = (state: RebalancerState, move: EndedMove): RebalancerState => ({
  ...state,
  endedMoves: [move, ...state.endedMoves].slice(0, endedMovesKept)
})
