/** What an operator, and what has happened lately, allow the planner: a value made anew for each plan. */
import type { NodeId, ServiceId } from "../Ids.ts"

export interface PlannerPolicy {
  /** Services moved or deployed a short while ago. Default: none. */
  readonly coolDown: ReadonlySet<ServiceId>
  /** Services that an operator has paused. Default: none. */
  readonly pausedServices: ReadonlySet<ServiceId>
  /** Nodes that neither get nor give tasks, such as flapping ones in quarantine. Default: none. */
  readonly excludedNodes: ReadonlySet<NodeId>
  /**
   * Differences between the largest and the smallest number of tasks over the eligible nodes that are put up with: of one
   * service, of one group, of all tasks. Planning begins where one is exceeded and goes on only until none is. Default 1,
   * the smallest that always can be reached; values below count as 1.
   */
  readonly maxServiceSkew: number
  readonly maxGroupSkew: number
  readonly maxNodeSkew: number
}

export const defaultPolicy: PlannerPolicy = {
  coolDown: new Set(),
  pausedServices: new Set(),
  excludedNodes: new Set(),
  maxServiceSkew: 1,
  maxGroupSkew: 1,
  maxNodeSkew: 1
}

/** The default policy with some of it replaced. */
export const withDefaults = (policy: Partial<PlannerPolicy>): PlannerPolicy => ({ ...defaultPolicy, ...policy })
