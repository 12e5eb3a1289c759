/** The ways in which services can be placed, each for itself: what `Relaxed` chooses from. */
import type { Task } from "../Task.ts"
import type { Layout, Member } from "./Layout.ts"
import * as OwnStates from "./OwnStates.ts"
import * as Steps from "./Steps.ts"
import type { Symmetry } from "./Symmetry.ts"

/** Of every service of several tasks that has not too many. */
export type OwnStatesOf = ReadonlyMap<Member, OwnStates.OwnStates>

/** One way to place the tasks of one unit. */
export interface Option extends OwnStates.OwnCost {
  readonly places: ReadonlyArray<readonly [Member, ReadonlyArray<Task>]>
  /** Tasks on each node. */
  readonly counts: Int32Array
  readonly moves: number
}

/** A service of several tasks, or all like services of one. */
export interface Unit {
  readonly members: ReadonlyArray<Member>
  /** In the order of their moves. */
  readonly options: ReadonlyArray<Option>
  /** Its group's number; -1 for none. */
  readonly group: number
  readonly tasks: number
}

/** Ways to place like services of one replica. */
const mostOptions = 4_000

/** Null where there are too many placements of some unit. */
export const of = (layout: Layout, own: OwnStatesOf, { alike }: Symmetry): ReadonlyArray<Unit> | null => {
  const units: Array<Unit> = []
  for (const members of alike) {
    const [first] = members
    if (first === undefined) continue
    const found = own.get(first)
    const options = first.isSingle
      ? placementsOfSingles(layout, members)
      : found === undefined
        ? null
        : optionsOf(layout, first, found)
    if (options === null) return null
    units.push({ members, options, group: first.group, tasks: members.length * first.tasks.length })
  }
  return units
}

const optionsOf = (layout: Layout, member: Member, { placements }: OwnStates.OwnStates): ReadonlyArray<Option> =>
  placements.map(({ tasks, preferences, services, moves }) => {
    const counts = countsOf(layout, tasks)
    return { places: [[member, tasks]], counts, preferences, services, moves }
  })

/** By node. */
const countsOf = (layout: Layout, tasks: Iterable<Task>): Int32Array => {
  const counts = new Int32Array(layout.nodes.length)
  for (const { node } of tasks) {
    const at = layout.indexOf(node)
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}

/** Every number of them on each node; those that can stay do. Null where there are too many. */
const placementsOfSingles = (layout: Layout, members: ReadonlyArray<Member>): ReadonlyArray<Option> | null => {
  const [first] = members
  const nodes = first?.nodes.indexes ?? []
  const options: Array<Option> = []
  const put = (at: number, left: number, counts: ReadonlyArray<number>): boolean => {
    if (at === nodes.length - 1) {
      options.push(asOption(layout, members, new Map([...counts, left].map((count, i) => [nodes[i] ?? -1, count]))))
      return options.length <= mostOptions
    }
    for (let here = 0; here <= left; here++) if (!put(at + 1, left - here, [...counts, here])) return false
    return true
  }
  const stay = asOption(layout, members, null)
  if (nodes.length === 0 || !Steps.allows(layout, "pin")) return [stay]
  if (!put(0, members.length, [])) return null
  return options.toSorted((a, b) => a.moves - b.moves)
}

const asOption = (
  layout: Layout,
  members: ReadonlyArray<Member>,
  counts: ReadonlyMap<number, number> | null
): Option => {
  const left = new Map(counts ?? [])
  const staying = new Set<Member>()
  for (const member of members) {
    const at = layout.indexOf(member.tasks[0]?.node ?? null)
    const free = left.get(at) ?? 0
    if (counts !== null && free === 0) continue
    staying.add(member)
    left.set(at, free - 1)
  }
  const targets = [...left].flatMap(([node, count]) => Array.from({ length: Math.max(0, count) }, () => node))
  const places = members.map((member) => {
    const to = staying.has(member) ? undefined : targets.pop()
    const tasks = to === undefined ? member.tasks : member.tasks.map((task) => movedTo(layout, member, task, to))
    return [member, tasks] as const
  })
  const placed = countsOf(
    layout,
    places.flatMap(([, tasks]) => tasks)
  )
  return { places, counts: placed, preferences: 0, services: 0, moves: members.length - staying.size }
}

const movedTo = (layout: Layout, member: Member, task: Task, to: number): Task =>
  OwnStates.tasksAfter([task], { strategy: "pin", task, to }, layout)[0] ?? task
