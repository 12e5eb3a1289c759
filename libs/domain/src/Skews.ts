/**
 * The skews of `Balance` alone, without its list of every node for each service: that would be millions of entries in a large
 * cluster. What was counted for a list of tasks is remembered with it, so that asking again costs what has changed.
 */
import { groupOf, isPlaced, skewOf } from "./Balance.ts"
import type { NodeId } from "./Ids.ts"
import * as NodeClasses from "./planner/NodeClasses.ts"
import type { Snapshot } from "./Snapshot.ts"
import type { Task } from "./Task.ts"

export interface Skews {
  /** Replicated services, by name. */
  readonly services: ReadonlyArray<{ readonly name: string; readonly skew: number }>
  /** By name. */
  readonly groups: ReadonlyArray<{ readonly name: string; readonly skew: number }>
  /** Over the open nodes, of all active tasks. */
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

/** Those of a snapshot, with no node excluded. */
export const of = (snapshot: Snapshot): Skews => {
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
