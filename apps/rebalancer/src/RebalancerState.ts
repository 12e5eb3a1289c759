/**
 * What this instance knows and last did, for the API, readiness and metrics. Written by the loop alone; readers get a whole
 * value at a time.
 */
import type { Plan } from "@evenkeel/domain/Plan"
import type { RouteProblem } from "@evenkeel/domain/RoutingTable"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Engaged } from "@evenkeel/executor/brakes/Brake"
import type { Decision } from "@evenkeel/executor/Decision"

export interface RebalancerState {
  readonly snapshot: Snapshot | null
  /** Null where another instance leads: it is made when somebody asks. */
  readonly plan: Plan | null
  /** The policy's revision that the plan was made under. */
  readonly planRevision: number
  readonly decision: Decision
  /** Brakes that hold something back. */
  readonly engaged: ReadonlyArray<Engaged>
  /** Things about services or readings that an operator should mend. */
  readonly problems: ReadonlyArray<RouteProblem | { readonly problem: string }>
  /** Why the last reading failed; null when it did not. */
  readonly readingFailure: string | null
}

export const initial: RebalancerState = {
  snapshot: null,
  plan: null,
  planRevision: 0,
  decision: { _tag: "Idle", because: "the Swarm has not been read yet" },
  engaged: [],
  problems: [],
  readingFailure: "the Swarm has not been read yet"
}
