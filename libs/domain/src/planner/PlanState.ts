/**
 * The planner's picture of the Swarm between two moves: the nodes' loads, and the tasks of the services that may be moved.
 * A value; everything that moves leave as it is lies in `Cluster`, worked out once for a plan.
 */
import * as Balance from "../Balance.ts"
import type { NodeId, ServiceId } from "../Ids.ts"
import * as Movability from "../Movability.ts"
import type { Node } from "../Node.ts"
import type { KeptReason, Strategy } from "../Plan.ts"
import * as Filters from "../rules/Filters.ts"
import * as NodeLoad from "../rules/NodeLoad.ts"
import type { Service } from "../Service.ts"
import * as ServiceLabels from "../ServiceLabels.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Task } from "../Task.ts"
import type { PlannerPolicy } from "./PlannerPolicy.ts"
import { successor } from "./Simulate.ts"

/** A service that may be moved. */
export interface MovableService {
  readonly service: Service
  readonly strategy: Strategy
  readonly group: string | null
  /** Nodes that its tasks may leave and go to: open, and allowed by the filters that judge the node itself. */
  readonly eligible: ReadonlySet<NodeId>
  /** `evenkeel.cost`: how dear a move of it is. */
  readonly cost: number
}

export interface Cluster {
  readonly snapshot: Snapshot
  readonly policy: PlannerPolicy
  /** Nodes that take tasks and are not excluded, by id. */
  readonly openNodes: ReadonlyArray<Node>
  /** By service id. */
  readonly movable: ReadonlyMap<ServiceId, MovableService>
  readonly fixed: ReadonlyMap<ServiceId, KeptReason>
  /** Eligible nodes of all services of a group, movable or not. */
  readonly groupNodes: ReadonlyMap<string, ReadonlySet<NodeId>>
}

export interface PlanState {
  readonly loads: NodeLoad.NodeLoads
  /** Wanted tasks of the movable services. */
  readonly tasks: ReadonlyMap<ServiceId, ReadonlyArray<Task>>
  /** Tasks of each group by node, those of services that stay included. */
  readonly groupCounts: ReadonlyMap<string, ReadonlyMap<NodeId, number>>
}

const defaultCost = 1

/** Sorts the services into those that may be moved and those that stay, and reads the state at the start. */
export const open = (
  snapshot: Snapshot,
  policy: PlannerPolicy,
  balance: Balance.Balance
): { readonly cluster: Cluster; readonly state: PlanState } => {
  const openNodes = snapshot.nodes.filter((node) => node.isSchedulable && !policy.excludedNodes.has(node.id))
  const movable = new Map<ServiceId, MovableService>()
  const fixed = new Map<ServiceId, KeptReason>()
  const tasks = new Map<ServiceId, ReadonlyArray<Task>>()
  for (const service of snapshot.services) {
    const movability = Movability.of(snapshot, service, policy)
    if (movability._tag === "Fixed") {
      fixed.set(service.id, movability.reason)
      continue
    }
    const eligible = new Set(openNodes.filter(Filters.mayRun(service)).map(({ id }) => id))
    const [only] = movability.tasks
    if (movability.strategy === "pin" && only !== undefined && only.node !== null && !eligible.has(only.node)) {
      fixed.set(service.id, { _tag: "NodeClosed", node: only.node })
      continue
    }
    const { labels } = ServiceLabels.decode(service.labels)
    movable.set(service.id, {
      service,
      strategy: movability.strategy,
      group: labels.group ?? null,
      eligible,
      cost: labels.cost ?? defaultCost
    })
    tasks.set(service.id, movability.tasks)
  }
  const groupNodes = new Map(
    balance.groups.map(({ group, counts }) => [
      group,
      new Set(counts.flatMap(({ node, eligible }) => (eligible ? [node] : [])))
    ])
  )
  const groupCounts = new Map(
    balance.groups.map(({ group, counts }) => [group, new Map(counts.map((count) => [count.node, count.tasks]))])
  )
  return {
    cluster: { snapshot, policy, openNodes, movable, fixed, groupNodes },
    state: { loads: NodeLoad.fromSnapshot(snapshot), tasks, groupCounts }
  }
}

/** A step of a plan before it is worded. */
export interface Step {
  readonly movable: MovableService
  readonly task: Task
  readonly from: NodeId
  readonly to: NodeId
  readonly alternatives: ReadonlyArray<NodeId>
}

/** The service's tasks on each node. */
export const countsOf = (state: PlanState, service: ServiceId): ReadonlyMap<NodeId, number> => {
  const counts = new Map<NodeId, number>()
  for (const { node } of state.tasks.get(service) ?? [])
    if (node !== null) counts.set(node, (counts.get(node) ?? 0) + 1)
  return counts
}

/** The state after a step that went as planned. */
export const applyStep = (state: PlanState, { movable, task, from, to }: Step): PlanState => {
  const { service, strategy, group } = movable
  const before = state.tasks.get(service.id) ?? []
  const added = successor(task, before, { strategy, to })
  return {
    loads: moveClaim(state.loads, task, added, service, from, to),
    tasks: new Map(state.tasks).set(service.id, [...before.filter((each) => each.id !== task.id), added]),
    groupCounts: group === null ? state.groupCounts : moveGroupCount(state.groupCounts, group, from, to)
  }
}

const moveClaim = (
  loads: NodeLoad.NodeLoads,
  task: Task,
  added: Task,
  service: Service,
  from: NodeId,
  to: NodeId
): NodeLoad.NodeLoads => {
  const [donor, target] = [loads.get(from), loads.get(to)]
  const [released, taken] = [NodeLoad.claimOfTask(task, service), NodeLoad.claimOfTask(added, service)]
  if (donor === undefined || target === undefined || released === null || taken === null) return loads
  const next = new Map(loads)
  next.set(from, NodeLoad.withoutClaim(donor, released))
  next.set(to, NodeLoad.withClaim(target, taken))
  return next
}

const moveGroupCount = (
  groups: PlanState["groupCounts"],
  group: string,
  from: NodeId,
  to: NodeId
): PlanState["groupCounts"] => {
  const counts = new Map(groups.get(group))
  counts.set(from, (counts.get(from) ?? 0) - 1)
  counts.set(to, (counts.get(to) ?? 0) + 1)
  return new Map(groups).set(group, counts)
}

/** The single task of a pinnable service. */
export const singleTask = (state: PlanState, service: ServiceId): Task | undefined => state.tasks.get(service)?.[0]

/** Skew of a group over its eligible nodes. */
export const groupSkew = (cluster: Cluster, state: PlanState, group: string): number => {
  const counts = state.groupCounts.get(group)
  return Balance.skewOf([...(cluster.groupNodes.get(group) ?? [])].map((node) => counts?.get(node) ?? 0))
}

/** Skew of all active tasks over the open nodes. */
export const nodeSkew = (cluster: Cluster, state: PlanState): number =>
  Balance.skewOf(cluster.openNodes.map(({ id }) => state.loads.get(id)?.activeTasks ?? 0))

/** Skew of one service over its eligible nodes. */
export const serviceSkew = (state: PlanState, { service, eligible }: MovableService): number => {
  const counts = countsOf(state, service.id)
  return Balance.skewOf([...eligible].map((node) => counts.get(node) ?? 0))
}
