/**
 * Where the services of one replica should go. Where every step of the best assignment finds room when its turn comes, it is
 * that assignment. Where room is too scarce for it (reservations, host ports), it is one step at a time, and only steps that
 * even things out by themselves: so that plans made again and again always come to an end.
 */
import type { NodeId, ServiceId } from "../Ids.ts"
import * as Filters from "../rules/Filters.ts"
import type { Task } from "../Task.ts"
import * as Assignment from "./Assignment.ts"
import { applyStep, type Cluster, type MovableService, type PlanState, singleTask, type Step } from "./PlanState.ts"

export interface Pins {
  /** To be made in this order before asking again. Empty when nothing is to be gained. */
  readonly steps: ReadonlyArray<Step>
  /** Services that would go elsewhere if there were room, each with a clause that says what is in the way. */
  readonly blocked: ReadonlyMap<ServiceId, string>
}

interface Wish {
  readonly movable: MovableService
  readonly task: Task
  readonly from: NodeId
  readonly to: NodeId
}

/** Solves for all movable services of one replica. */
export const solve = (cluster: Cluster, state: PlanState): Pins => {
  const wishes = bestWishes(cluster, state)
  const { steps, stuck } = order(state, wishes)
  if (stuck.length === 0) return { steps, blocked: new Map() }
  const step = bestImprovement(state, wishes) ?? bestImprovement(state, allWishes(cluster, state))
  const blocked = new Map(stuck.map(({ wish, why }) => [wish.movable.service.id, why]))
  return { steps: step === null ? [] : [{ ...step, alternatives: [] }], blocked }
}

/** Of the wishes for which there is room now, the one that evens out most; null when none does by itself. */
const bestImprovement = (state: PlanState, wishes: ReadonlyArray<Wish>): Wish | null => {
  const improving = wishes.filter((wish) => improves(gainOf(state, wish)) && refusalOf(state, wish) === null)
  return improving.toSorted((a, b) => compareWishes(state, a, b))[0] ?? null
}

/** Whether the sum of squares of the group's counts falls, or that of the nodes' while the group's stays. */
const improves = ([group, node]: readonly [number, number]): boolean => group > 1 || (group === 1 && node > 1)

/** Every node that each single task may go to. */
const allWishes = (cluster: Cluster, state: PlanState): ReadonlyArray<Wish> =>
  [...cluster.movable.values()].flatMap((movable) => {
    const task = singleTask(state, movable.service.id)
    const from = task?.node ?? null
    if (movable.strategy !== "pin" || task === undefined || from === null) return []
    return [...movable.eligible].filter((to) => to !== from).map((to) => ({ movable, task, from, to }))
  })

/** The displacements of the best assignment, whether or not there is room now. */
const bestWishes = (cluster: Cluster, state: PlanState): ReadonlyArray<Wish> => {
  const nodes = cluster.snapshot.nodes.map(({ id }) => id)
  const indexOf = new Map(nodes.map((node, index) => [node, index]))
  const groups = [...cluster.groupNodes.keys()]
  const groupIndex = new Map(groups.map((group, index) => [group, index]))

  const candidates: Array<{ readonly movable: MovableService; readonly task: Task; readonly from: NodeId }> = []
  const units: Array<Assignment.Unit> = []
  const nodeBackground = nodes.map((node) => state.loads.get(node)?.activeTasks ?? 0)
  const groupBackground = groups.flatMap((group) => nodes.map((node) => state.groupCounts.get(group)?.get(node) ?? 0))
  for (const movable of cluster.movable.values()) {
    const task = singleTask(state, movable.service.id)
    if (movable.strategy !== "pin" || task === undefined || task.node === null) continue
    const at = indexOf.get(task.node)
    if (at === undefined) continue
    const group = movable.group === null ? null : (groupIndex.get(movable.group) ?? null)
    const allowed = nodes.flatMap((node, index) => (index === at || movable.eligible.has(node) ? [index] : []))
    candidates.push({ movable, task, from: task.node })
    units.push({ key: movable.service.id, group, at, allowed, cost: movable.cost })
    nodeBackground[at] = (nodeBackground[at] ?? 0) - 1
    if (group !== null) {
      const cell = group * nodes.length + at
      groupBackground[cell] = (groupBackground[cell] ?? 0) - 1
    }
  }
  const placed = Assignment.solve({ nodeKeys: nodes, groups: groups.length, units, groupBackground, nodeBackground })
  return candidates.flatMap((candidate, i) => {
    const to = nodes[placed[i] ?? -1]
    return to === undefined || to === candidate.from ? [] : [{ ...candidate, to }]
  })
}

/**
 * An order in which every wish finds room, the ones that help most first; `stuck` holds those for which there is none when
 * all others have been granted.
 */
const order = (
  start: PlanState,
  wishes: ReadonlyArray<Wish>
): {
  readonly steps: ReadonlyArray<Step>
  readonly stuck: ReadonlyArray<{ readonly wish: Wish; readonly why: string }>
} => {
  const steps: Array<Step> = []
  let state = start
  let remaining = wishes
  while (remaining.length > 0) {
    const open = remaining.filter((wish) => refusalOf(state, wish) === null)
    const current = state
    const next = open.toSorted((a, b) => compareWishes(current, a, b))[0]
    if (next === undefined) return { steps, stuck: remaining.map((wish) => ({ wish, why: whyStuck(current, wish) })) }
    const step: Step = { ...next, alternatives: [] }
    steps.push(step)
    state = applyStep(state, step)
    remaining = remaining.filter((wish) => wish !== next)
  }
  return { steps, stuck: [] }
}

const refusalOf = (state: PlanState, { movable, to }: Wish): Filters.FilterName | null => {
  const load = state.loads.get(to)
  return load === undefined ? "Ready" : Filters.firstRefusal(movable.service)(load)
}

const whyStuck = (state: PlanState, wish: Wish): string => {
  const node = state.loads.get(wish.to)?.node
  const filter = refusalOf(state, wish)
  if (node === undefined || filter === null) return "its target is gone"
  return `${node.hostname} would even things out, but there Swarm has ${Filters.explain([{ filter, nodes: [node] }])}`
}

/** By how much the two counts of a level differ: the larger, the more a move from the one to the other evens out. */
const gainOf = (state: PlanState, { movable, from, to }: Wish): readonly [number, number] => {
  const counts = movable.group === null ? undefined : state.groupCounts.get(movable.group)
  const active = (node: NodeId) => state.loads.get(node)?.activeTasks ?? 0
  return [(counts?.get(from) ?? 1) - (counts?.get(to) ?? 0), active(from) - active(to)]
}

/** The wish that evens out more comes first. */
const compareWishes = (state: PlanState, a: Wish, b: Wish): number => {
  const [groupA, nodeA] = gainOf(state, a)
  const [groupB, nodeB] = gainOf(state, b)
  return groupB - groupA || nodeB - nodeA || compareIds(a, b)
}

const compareIds = (a: Wish, b: Wish): number => {
  const [keyA, keyB] = [`${a.movable.service.id} ${a.to}`, `${b.movable.service.id} ${b.to}`]
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0
}
