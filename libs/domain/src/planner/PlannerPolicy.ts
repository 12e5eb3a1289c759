/** What an operator, and what has happened lately, allow the planner: a value made anew for each plan. */
import type { NodeId, ServiceId } from "../Ids.ts"
import type { Strategy } from "../Plan.ts"

/** How much each kind of load counts when nodes are compared; 0 leaves it out. */
export interface LoadWeights {
  /** CPU reserved, as a share of the node's. Default 1. */
  readonly cpu: number
  /** Memory reserved, as a share of the node's. Default 1. */
  readonly memory: number
  /** Numbers of active tasks; only whether it is 0 matters. Default 1. */
  readonly tasks: number
}

export interface PlannerPolicy {
  /** Services moved or deployed a short while ago. Default: none. */
  readonly coolDown: ReadonlySet<ServiceId>
  /** Services that an operator has paused. Default: none. */
  readonly pausedServices: ReadonlySet<ServiceId>
  /** Nodes that neither get nor give tasks, such as flapping ones in quarantine. Default: none. */
  readonly excludedNodes: ReadonlySet<NodeId>
  /**
   * Differences between the largest and the smallest number of tasks over the eligible nodes that are put up with: of one
   * service (and of the values of its placement preferences), of one group, of all tasks. Planning begins where one is
   * exceeded and goes on only until none is. Default 1, the smallest that always can be reached; values below count as 1.
   */
  readonly maxServiceSkew: number
  readonly maxGroupSkew: number
  readonly maxNodeSkew: number
  /**
   * How far a node's reserved share of its CPU or memory may lie from the cluster's before that is uneven: a part of the
   * node's whole, 0.1 by default. Matters only where services with reservations may be moved.
   */
  readonly loadTolerance: number
  readonly weights: LoadWeights
  /** Ways of moving that may be planned. Default: all. */
  readonly strategies: ReadonlySet<Strategy>
  /**
   * Whether services of which no two tasks may run at once (`evenkeel.order=stop-first`) are moved: each is then without the
   * moved task from its end until its successor runs. Default: false.
   */
  readonly allowGaps: boolean
}

export const defaultPolicy: PlannerPolicy = {
  coolDown: new Set(),
  pausedServices: new Set(),
  excludedNodes: new Set(),
  maxServiceSkew: 1,
  maxGroupSkew: 1,
  maxNodeSkew: 1,
  loadTolerance: 0.1,
  weights: { cpu: 1, memory: 1, tasks: 1 },
  strategies: new Set(["pin", "surge", "empty"]),
  allowGaps: false
}

/** The default policy with some of it replaced. */
export const withDefaults = (policy: Partial<PlannerPolicy>): PlannerPolicy => ({ ...defaultPolicy, ...policy })
