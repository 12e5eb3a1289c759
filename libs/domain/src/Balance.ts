/**
 * How evenly tasks are spread: per service, per group of services (`evenkeel.group`), and over the nodes. Counts over the nodes
 * that are eligible: ready, active, and allowed by the service's filters. Says how things stand; what to do about it is the
 * planner's.
 */
import * as Schema from "effect/Schema"
import { NodeId, ServiceId } from "./Ids.ts"
import { BalanceSummary } from "./Plan.ts"
import * as MoveLabels from "./planner/MoveLabels.ts"
import * as NodeClasses from "./planner/NodeClasses.ts"
import type { Service } from "./Service.ts"
import type { Snapshot } from "./Snapshot.ts"
import { stateRank, stateRanks, type Task } from "./Task.ts"

/** Tasks on a node; `eligible` when more may be placed there. */
export const NodeCount = Schema.Struct({ node: NodeId, tasks: Schema.Int, eligible: Schema.Boolean })
export type NodeCount = typeof NodeCount.Type

const spread = {
  /** Every eligible node and every other that has tasks, by id. */
  counts: Schema.Array(NodeCount),
  /** Largest minus smallest count over the eligible nodes; 0 when there are none. */
  skew: Schema.Int
}

export class ServiceBalance extends Schema.Class<ServiceBalance>("ServiceBalance")({
  service: ServiceId,
  name: Schema.String,
  group: Schema.NullOr(Schema.String),
  ...spread
}) {}

/** All services of a group together. A node is eligible when it is for at least one of them. */
export class GroupBalance extends Schema.Class<GroupBalance>("GroupBalance")({
  group: Schema.String,
  services: Schema.Array(ServiceId),
  ...spread
}) {}

export class Balance extends Schema.Class<Balance>("Balance")({
  /** Replicated services, by name; others follow the nodes. */
  services: Schema.Array(ServiceBalance),
  /** By name. */
  groups: Schema.Array(GroupBalance),
  /** All nodes with their active tasks, those of global services and jobs included. */
  nodes: Schema.Array(Schema.Struct({ ...NodeCount.fields, hostname: Schema.String })),
  nodeSkew: Schema.Int
}) {}

/** Wanted, assigned, and running or on its way there: what counts as a service's task on a node. */
export const isPlaced = (task: Task): boolean =>
  task.node !== null && task.desired === "running" && stateRank(task.state) <= stateRanks.running

/** Largest minus smallest; 0 for no numbers. */
export const skewOf = (counts: Iterable<number>): number => {
  let [smallest, largest] = [Infinity, -Infinity]
  for (const count of counts) {
    if (count < smallest) smallest = count
    if (count > largest) largest = count
  }
  return largest < smallest ? 0 : largest - smallest
}

/** The group of a service; null for none, or one that cannot be read. */
export const groupOf = (service: Service): string | null => MoveLabels.of(service).group

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const spreadOf = (tasks: ReadonlyMap<NodeId, number>, eligible: ReadonlySet<NodeId>) => {
  const nodes = [...new Set([...eligible, ...tasks.keys()])].toSorted(compare)
  const counts = nodes.map((node) => ({ node, tasks: tasks.get(node) ?? 0, eligible: eligible.has(node) }))
  return { counts, skew: skewOf(counts.flatMap((count) => (count.eligible ? [count.tasks] : []))) }
}

/** What was counted here need not be checked: in a cluster of 100,000 tasks that would take a second. */
const counted = { disableValidation: true }

/** The balance of a snapshot. `excludedNodes` are taken as not eligible for anything. */
export const of = (snapshot: Snapshot, excludedNodes: ReadonlySet<NodeId> = new Set()): Balance => {
  const open = snapshot.nodes.filter((node) => node.isSchedulable && !excludedNodes.has(node.id))
  const openIds = new Set(open.map(({ id }) => id))
  const classOf = NodeClasses.finder(snapshot.nodes, (node) => excludedNodes.has(node.id))
  const services: Array<ServiceBalance> = []
  const groups = new Map<string, { services: Array<ServiceId>; tasks: Map<NodeId, number>; eligible: Set<NodeId> }>()
  for (const service of snapshot.services) {
    if (service.mode.kind !== "replicated") continue
    const group = groupOf(service)
    const tasks = new Map<NodeId, number>()
    for (const task of snapshot.tasksOfService(service.id))
      if (task.node !== null && isPlaced(task)) tasks.set(task.node, (tasks.get(task.node) ?? 0) + 1)
    const eligible = new Set(classOf(service).indexes.flatMap((index) => snapshot.nodes[index]?.id ?? []))
    services.push(
      new ServiceBalance({ service: service.id, name: service.name, group, ...spreadOf(tasks, eligible) }, counted)
    )
    if (group === null) continue
    const found = groups.get(group) ?? { services: [], tasks: new Map<NodeId, number>(), eligible: new Set<NodeId>() }
    groups.set(group, found)
    found.services.push(service.id)
    for (const [node, count] of tasks) found.tasks.set(node, (found.tasks.get(node) ?? 0) + count)
    for (const node of eligible) found.eligible.add(node)
  }
  const nodes = snapshot.nodes.map(({ id, hostname }) => ({
    node: id,
    hostname,
    tasks: snapshot.tasksOnNode(id).filter((task) => task.isActive).length,
    eligible: openIds.has(id)
  }))
  return new Balance(
    {
      services: services.toSorted((a, b) => compare(a.name, b.name)),
      groups: [...groups]
        .toSorted(([a], [b]) => compare(a, b))
        .map(([group, found]) => {
          return new GroupBalance(
            { group, services: found.services, ...spreadOf(found.tasks, found.eligible) },
            counted
          )
        }),
      nodes,
      nodeSkew: skewOf(nodes.flatMap((node) => (node.eligible ? [node.tasks] : [])))
    },
    counted
  )
}

/** The balance in a few numbers. */
export const summarize = (balance: Balance): BalanceSummary => {
  const largest = (items: ReadonlyArray<{ readonly skew: number }>) => Math.max(0, ...items.map(({ skew }) => skew))
  const uneven = (items: ReadonlyArray<{ readonly skew: number }>) => items.filter(({ skew }) => skew > 1).length
  return new BalanceSummary({
    serviceSkew: largest(balance.services),
    unevenServices: uneven(balance.services),
    groupSkew: largest(balance.groups),
    unevenGroups: uneven(balance.groups),
    nodeSkew: balance.nodeSkew,
    text: balance.nodes.map(({ hostname, tasks }) => `${hostname} ${tasks}`).join(", ")
  })
}

/** One line per group, per service of several tasks, and for the nodes: `group vvm: n1 2, n2 2, n3 2 (even)`. */
export const lines = (balance: Balance): ReadonlyArray<string> => {
  const hostnames = new Map(balance.nodes.map(({ node, hostname }) => [node, hostname]))
  const line = (what: string, counts: ReadonlyArray<NodeCount>, skew: number) => {
    const parts = counts.map(
      ({ node, tasks, eligible }) => `${hostnames.get(node) ?? node} ${tasks}${eligible ? "" : " (closed)"}`
    )
    return `${what}: ${parts.join(", ")} (${skew <= 1 ? "even" : `skew ${skew}`})`
  }
  return [
    ...balance.groups.map(({ group, counts, skew }) => line(`group ${group}`, counts, skew)),
    ...balance.services
      .filter(({ counts }) => counts.reduce((sum, { tasks }) => sum + tasks, 0) > 1)
      .map(({ name, counts, skew }) => line(`service ${name}`, counts, skew)),
    line("all tasks", balance.nodes, balance.nodeSkew)
  ]
}
