/**
 * Balance and skew as metrics, made from the newest snapshot when they are asked for: what is gone is then gone from them too,
 * and a reading does not pay for them. The numbers are those of `Balance`, without its list of every node for each service:
 * that would be millions of entries in a large cluster.
 */
import { groupOf, isPlaced, skewOf } from "@evenkeel/domain/Balance"
import type { NodeId } from "@evenkeel/domain/Ids"
import * as NodeClasses from "@evenkeel/domain/planner/NodeClasses"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Task } from "@evenkeel/domain/Task"
import type { MetricFamily } from "@evenkeel/observability/PrometheusText"
import { prefix } from "./RebalancerMetrics.ts"

export interface Skews {
  readonly services: ReadonlyArray<{ readonly name: string; readonly skew: number }>
  readonly groups: ReadonlyArray<{ readonly name: string; readonly skew: number }>
  readonly nodes: number
}

type Counts = ReadonlyMap<NodeId, number>

const counted = new WeakMap<ReadonlyArray<Task>, Counts>()

/** Worked out once for each list of tasks: of thousands of services few have another one when they are asked for again. */
const countsOf = (tasks: ReadonlyArray<Task>): Counts => {
  const known = counted.get(tasks)
  if (known !== undefined) return known
  const counts = new Map<NodeId, number>()
  for (const task of tasks)
    if (task.node !== null && isPlaced(task)) counts.set(task.node, (counts.get(task.node) ?? 0) + 1)
  counted.set(tasks, counts)
  return counts
}

/** Of the counts on `eligible` nodes; nodes without a task count as 0 and need not be looked at one by one. */
const skewOver = (
  counts: Counts,
  eligible: { readonly size: number; readonly has: (node: NodeId) => boolean }
): number => {
  const there = [...counts].flatMap(([node, count]) => (eligible.has(node) ? [count] : []))
  return skewOf(there.length < eligible.size ? [0, ...there] : there)
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

export const skewsOf = (snapshot: Snapshot): Skews => {
  const placeOf = new Map(snapshot.nodes.map(({ id }, place) => [id, place]))
  const classOf = NodeClasses.finder(snapshot.nodes, () => false)
  const services: Array<{ name: string; skew: number }> = []
  const groups = new Map<string, { counts: Map<NodeId, number>; places: Set<number> }>()
  for (const service of snapshot.services) {
    if (service.mode.kind !== "replicated") continue
    const { has, indexes } = classOf(service)
    const counts = countsOf(snapshot.tasksOfService(service.id))
    const eligible = { size: indexes.length, has: (node: NodeId) => has[placeOf.get(node) ?? -1] === 1 }
    services.push({ name: service.name, skew: skewOver(counts, eligible) })
    const group = groupOf(service)
    if (group === null) continue
    const found = groups.get(group) ?? { counts: new Map<NodeId, number>(), places: new Set<number>() }
    groups.set(group, found)
    for (const [node, count] of counts) found.counts.set(node, (found.counts.get(node) ?? 0) + count)
    for (const place of indexes) found.places.add(place)
  }
  const openCounts = snapshot.nodes.flatMap((node) =>
    node.isSchedulable ? [snapshot.tasksOnNode(node.id).filter(({ isActive }) => isActive).length] : []
  )
  return {
    services: services.sort(byName),
    groups: [...groups]
      .map(([name, { counts, places }]) => {
        const eligible = { size: places.size, has: (node: NodeId) => places.has(placeOf.get(node) ?? -1) }
        return { name, skew: skewOver(counts, eligible) }
      })
      .sort(byName),
    nodes: skewOf(openCounts)
  }
}

/** The share of services, groups and the nodes as a whole whose skew is at most 1; 1 is balanced. */
export const shareEven = ({ groups, nodes, services }: Skews): number => {
  const skews = [...services, ...groups].map(({ skew }) => skew).concat(nodes)
  return skews.filter((skew) => skew <= 1).length / skews.length
}

export const families = (snapshot: Snapshot | null): ReadonlyArray<MetricFamily> => {
  if (snapshot === null) return []
  const skews = skewsOf(snapshot)
  return [
    {
      name: `${prefix}balance`,
      help: "Share of services, groups and the nodes as a whole whose skew is at most 1; 1 is balanced.",
      type: "gauge",
      samples: [{ labels: {}, value: shareEven(skews) }]
    },
    {
      name: `${prefix}skew`,
      help: "Most less fewest tasks over the nodes that may run them: of a service, of a group, of all.",
      type: "gauge",
      samples: [
        ...skews.services.map(({ name, skew }) => ({ labels: { scope: "service", name }, value: skew })),
        ...skews.groups.map(({ name, skew }) => ({ labels: { scope: "group", name }, value: skew })),
        { labels: { scope: "nodes", name: "" }, value: skews.nodes }
      ]
    }
  ]
}
