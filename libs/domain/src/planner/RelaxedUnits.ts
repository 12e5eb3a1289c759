/** The ways in which services can be placed, each for itself: what `Relaxed` chooses from. */
import type { Pausable } from "../Pausable.ts"
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
const mostOptions = 500

/** Null where there are too many placements of some unit. */
export function* of(layout: Layout, own: OwnStatesOf, { alike }: Symmetry): Pausable<ReadonlyArray<Unit> | null> {
  const units: Array<Unit> = []
  for (const members of alike) {
    const [first] = members
    if (first === undefined) continue
    const found = own.get(first)
    const options = first.isSingle
      ? yield* placementsOfSingles(layout, members)
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
function* placementsOfSingles(layout: Layout, members: ReadonlyArray<Member>): Pausable<ReadonlyArray<Option> | null> {
  const [first] = members
  const nodes = first?.nodes.indexes ?? []
  const successors = new OwnStates.Successors(layout)
  if (nodes.length === 0 || !Steps.allows(layout, "pin")) return [asOption(layout, members, null, successors)]
  const options: Array<Option> = []
  for (const counts of spreads(members.length, nodes.length)) {
    yield
    options.push(asOption(layout, members, new Map(counts.map((count, i) => [nodes[i] ?? -1, count])), successors))
    if (options.length > mostOptions) return null
  }
  return options.toSorted((a, b) => a.moves - b.moves)
}

/** Every way to spread equal tasks over so many nodes, as the number on each. */
function* spreads(tasks: number, nodes: number): Iterable<ReadonlyArray<number>> {
  if (nodes === 1) yield [tasks]
  else
    for (let here = 0; here <= tasks; here++)
      for (const others of spreads(tasks - here, nodes - 1)) yield [here, ...others]
}

const asOption = (
  layout: Layout,
  members: ReadonlyArray<Member>,
  counts: ReadonlyMap<number, number> | null,
  successors: OwnStates.Successors
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
    const [task] = member.tasks
    const to = staying.has(member) ? undefined : targets.pop()
    const stays = to === undefined || task === undefined
    return [member, stays ? member.tasks : successors.of(member.tasks, { strategy: "pin", task, to })] as const
  })
  const placed = countsOf(
    layout,
    places.flatMap(([, tasks]) => tasks)
  )
  return { places, counts: placed, preferences: 0, services: 0, moves: members.length - staying.size }
}
