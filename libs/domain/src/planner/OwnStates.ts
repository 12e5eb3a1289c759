/**
 * The placements of one service of several tasks that moves could lead to if all other services lay as was best for it: with
 * the lightest node wherever it is needed, and room made or taken at will. More than can really be reached, never less; so what
 * is not among them is out of reach, and a service needs at least so many moves as it needs here.
 */
import type { Pausable } from "../Pausable.ts"
import * as NodeLoad from "../rules/NodeLoad.ts"
import { firstChoices } from "../rules/NodeOrder.ts"
import type { Task } from "../Task.ts"
import * as Choices from "./Choices.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import type { PlanNode } from "./PlanNode.ts"
import * as Score from "./Score.ts"
import { successor } from "./Simulate.ts"
import * as Steps from "./Steps.ts"
import * as Surge from "./Surge.ts"

/** Slots and nodes of the tasks: what a service's further moves depend on. */
export const keyOf = (tasks: ReadonlyArray<Task>): string =>
  tasks.length === 1
    ? (tasks[0]?.node ?? "")
    : tasks
        .map(({ slot, node }) => `${slot} ${node}`)
        .toSorted()
        .join(",")

/** The tasks after a step, by slot. */
const tasksAfter = (tasks: ReadonlyArray<Task>, step: OwnStep, layout: Layout): ReadonlyArray<Task> => {
  const { strategy, task, to } = step
  const added = successor(task, tasks, { strategy, to: layout.at(to).id })
  return tasks.map((each) => (each === task ? added : each)).toSorted((a, b) => a.slot - b.slot)
}

/** What of a step concerns its service alone. */
export type OwnStep = Pick<Step, "strategy" | "task" | "to">

/** Gives equal tasks of one service as the same list, however they came about, and makes each but once. */
export class Successors {
  readonly #layout: Layout
  readonly #byKey = new Map<string, ReadonlyArray<Task>>()
  readonly #after = new Map<ReadonlyArray<Task>, Map<string, ReadonlyArray<Task>>>()

  constructor(layout: Layout) {
    this.#layout = layout
  }

  of(tasks: ReadonlyArray<Task>, step: OwnStep): ReadonlyArray<Task> {
    const steps = this.#after.get(tasks) ?? new Map<string, ReadonlyArray<Task>>()
    if (steps.size === 0) this.#after.set(tasks, steps)
    const name = `${step.strategy} ${step.task.slot} ${step.to}`
    const known = steps.get(name)
    if (known !== undefined) return known
    const made = tasksAfter(tasks, step, this.#layout)
    const key = `${step.task.service} ${keyOf(made)}`
    const found = this.#byKey.get(key) ?? made
    this.#byKey.set(key, found)
    steps.set(name, found)
    return found
  }
}

/** A service's own part of the score. */
export interface OwnCost {
  readonly preferences: number
  readonly services: number
}

export interface OwnPlacement extends OwnCost {
  readonly tasks: ReadonlyArray<Task>
  /** Moves from where it is now. */
  readonly moves: number
}

export interface OwnStates {
  /** One for each number of tasks on each node, in the fewest moves; those in few moves first. */
  readonly placements: ReadonlyArray<OwnPlacement>
  /** The service's own part of the score at its best. */
  readonly best: OwnCost
  /** Moves from a state (`keyOf`) to the nearest at its best; a state that is not here has none. */
  readonly movesToBest: ReadonlyMap<string, number>
  /** The same to the nearest with as many tasks on each node as these. */
  readonly movesTo: (tasks: ReadonlyArray<Task>) => ReadonlyMap<string, number>
}

/** How many of the tasks are on each node. */
const keyOfCounts = (tasks: ReadonlyArray<Task>): string =>
  tasks
    .map(({ node }) => node)
    .toSorted()
    .join()

/** A state, and those that moves of the service lead from it to. */
interface Visited extends OwnPlacement {
  readonly key: string
  readonly next: Array<string>
}

/** Null where there are more states than `most`. The layout is left as it was. */
export function* explore(layout: Layout, member: Member, most: number): Pausable<OwnStates | null> {
  const start = member.tasks
  const successors = new Successors(layout)
  const visited = new Map<string, Visited>()
  const queue: Array<Visited> = []
  const visit = (tasks: ReadonlyArray<Task>, key: string, moves: number) => {
    layout.place(member, tasks)
    const state: Visited = { tasks, key, moves, next: [], ...ownCost(member) }
    visited.set(key, state)
    queue.push(state)
  }
  visit(start, keyOf(start), 0)
  for (const state of queue) {
    yield
    layout.place(member, state.tasks)
    for (const step of stepsOf(layout, member)) {
      const tasks = successors.of(state.tasks, step)
      const key = keyOf(tasks)
      state.next.push(key)
      if (!visited.has(key)) visit(tasks, key, state.moves + 1)
      layout.place(member, state.tasks)
    }
    if (visited.size > most) {
      layout.place(member, start)
      return null
    }
  }
  layout.place(member, start)
  const best = bestOf(queue)
  const isBest = ({ preferences, services }: OwnCost) => preferences === best.preferences && services === best.services
  const before = predecessors(visited)
  const byCounts = Map.groupBy(queue, ({ tasks }) => keyOfCounts(tasks))
  return {
    placements: [...byCounts.values()].flatMap((states) => states.slice(0, 1)),
    best,
    movesToBest: distances(queue.filter(isBest), before),
    movesTo: (tasks) => distances(byCounts.get(keyOfCounts(tasks)) ?? [], before)
  }
}

const ownCost = ({ branches, counts }: Member): OwnCost => {
  let services = 0
  for (const count of counts.values()) services += count * count
  return { preferences: branches?.cost(counts) ?? 0, services }
}

const bestOf = (states: ReadonlyArray<OwnCost>): OwnCost => {
  const preferences = Math.min(...states.map((state) => state.preferences))
  const preferred = states.filter((state) => state.preferences === preferences)
  return { preferences, services: Math.min(...preferred.map(({ services }) => services)) }
}

/** For each state those from which a move leads to it. */
const predecessors = (visited: ReadonlyMap<string, Visited>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const before = new Map<string, Array<string>>()
  for (const { key, next } of visited.values())
    for (const to of next) {
      const known = before.get(to)
      if (known === undefined) before.set(to, [key])
      else known.push(key)
    }
  return before
}

/** Moves from each state to the nearest of `ends`. */
const distances = (
  ends: ReadonlyArray<Visited>,
  before: ReadonlyMap<string, ReadonlyArray<string>>
): ReadonlyMap<string, number> => {
  const moves = new Map(ends.map(({ key }) => [key, 0]))
  // A map is gone through in the order of its entries, those that are added meanwhile included.
  for (const [key, count] of moves)
    for (const from of before.get(key) ?? []) if (!moves.has(from)) moves.set(from, count + 1)
  return moves
}

/** Every single outcome of a move that could be certain, whatever lies where of others. */
const stepsOf = (layout: Layout, member: Member): ReadonlyArray<OwnStep> => {
  const steps: Array<OwnStep> = []
  const add = (strategy: Step["strategy"], task: Task, to: number) => {
    const from = layout.indexOf(task.node)
    if (from === to || member.nodes.has[from] !== 1) return
    if (!Score.worsensOwn(layout.delta(member, from, to))) steps.push({ strategy, task, to })
  }
  if (Steps.allows(layout, "surge") && !member.isStopFirst)
    for (const to of targetsOf(layout, member, null)) {
      const victim = Surge.victimAfter(layout, member.tasks, to)
      if (victim !== null && member.tasks.includes(victim)) add("surge", victim, to)
    }
  if (Steps.allows(layout, "empty") && member.service.hasPlacement)
    for (const task of member.tasks) {
      const from = layout.indexOf(task.node)
      if (member.counts.get(from) !== 1) continue
      for (const to of targetsOf(layout, member, layout.at(from))) add("empty", task, to)
    }
  return steps
}

/** Where one task more could go, if the numbers of other tasks and what they take were as is best for that. */
const targetsOf = (layout: Layout, member: Member, without: PlanNode | null): ReadonlyArray<number> => {
  const { counts, nodes, service } = member
  const { maxReplicasPerNode } = service.placement
  const hasRoom = (node: number) => maxReplicasPerNode === 0 || (counts.get(node) ?? 0) < maxReplicasPerNode
  const open = nodes.indexes.filter((node) => node !== without?.index && hasRoom(node))
  // Others may take the room on any node, and so leave the task to any that is not as good.
  if (competes(member)) return open
  if (member.branches !== null) {
    const loads = new Map(layout.nodes.map((node) => [node.id, loadOfOwn(member, node, without)]))
    return firstChoices(Choices.constrained(service, without), loads)
      .nodes.map((id) => layout.indexOf(id))
      .filter((node) => nodes.has[node] === 1)
  }
  const fewest = Math.min(...open.map((node) => counts.get(node) ?? 0))
  return open.filter((node) => (counts.get(node) ?? 0) === fewest)
}

/** Whether other services can be in the way of its tasks. */
const competes = ({ claim, reserves }: Member): boolean =>
  reserves || claim.hostPorts.length > 0 || claim.reserved.generic.length > 0

const loadOfOwn = (
  { counts, isStopFirst, service }: Member,
  { index, node }: PlanNode,
  without: PlanNode | null
): NodeLoad.NodeLoad => {
  const leaving = isStopFirst && index === without?.index ? 1 : 0
  return {
    ...NodeLoad.emptyLoad(node),
    activeByService: new Map([[service.id, (counts.get(index) ?? 0) - leaving]])
  }
}
