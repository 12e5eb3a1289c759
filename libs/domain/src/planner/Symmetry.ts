/**
 * Which services and which nodes may stand for one another, so that of placements that differ in nothing else only one is
 * tried. Services of one replica are alike where the same is asked and worth the same; nodes are, where each service may use
 * both or neither, and what they have, and what stays on them, is the same.
 */
import type { Task } from "../Task.ts"
import type { Layout, Member } from "./Layout.ts"
import * as Steps from "./Steps.ts"

export interface Symmetry {
  /** Services that are alike; one of several tasks is alike to none. */
  readonly alike: ReadonlyArray<ReadonlyArray<Member>>
  /** Equal for two placements that are the same but for the names of like services and nodes; tasks in the order of members. */
  readonly keyOf: (tasks: ReadonlyArray<ReadonlyArray<Task>>) => string
}

/** A task on a node, by a name that tells apart what is not alike. */
type Named = readonly [node: number, name: string]

/** For the layout as it stands, which is left so. */
export const of = (layout: Layout): Symmetry => {
  const alike = alikeMembers(layout)
  const orbits = orbitsOf(layout)
  const places = new Map(layout.members.map((member, place) => [member, place]))
  // Like services one after the other, so that it does not show which of them is where.
  const named = alike.flatMap((members, number) =>
    members.map((member) => [places.get(member) ?? -1, member, number] as const)
  )
  const known = layout.members.map(() => new Map<ReadonlyArray<Task>, ReadonlyArray<Named>>())
  const namesOf = (place: number, { isSingle }: Member, number: number, tasks: ReadonlyArray<Task>) => {
    const found = known[place]?.get(tasks)
    if (found !== undefined) return found
    const made = tasks
      .toSorted((a, b) => a.slot - b.slot)
      .map(({ node, slot }): Named => [layout.indexOf(node), isSingle ? `${number},` : `${number}.${slot},`])
    known[place]?.set(tasks, made)
    return made
  }
  const keyOf: Symmetry["keyOf"] = (tasks) => {
    const columns = layout.nodes.map(() => "")
    for (const [place, member, number] of named)
      for (const [node, name] of namesOf(place, member, number, tasks[place] ?? member.tasks)) columns[node] += name
    return orbits
      .map((nodes) => {
        const [first] = nodes
        if (nodes.length === 1 && first !== undefined) return columns[first] ?? ""
        return nodes
          .map((node) => columns[node] ?? "")
          .sort()
          .join(";")
      })
      .join("|")
  }
  return { alike, keyOf }
}

const alikeMembers = (layout: Layout): ReadonlyArray<ReadonlyArray<Member>> => {
  const classes = [...new Set(layout.members.map(({ nodes }) => nodes))]
  const byName = Map.groupBy(layout.members, (member) => {
    const [task] = member.tasks
    if (!member.isSingle || task === undefined) return member.service.id
    const { generic, memoryBytes, nanoCpus } = member.claim.reserved
    return JSON.stringify([
      ...[member.group, classes.indexOf(member.nodes), member.cost, Steps.ageOf(layout, task)],
      ...[nanoCpus, memoryBytes, generic, member.claim.hostPorts]
    ])
  })
  return [...byName.values()]
}

const orbitsOf = (layout: Layout): ReadonlyArray<ReadonlyArray<number>> => {
  const before = layout.members.map(({ tasks }) => tasks)
  for (const member of layout.members) layout.place(member, [])
  const classes = [...new Set(layout.members.map(({ nodes }) => nodes))]
  const levels = layout.members.flatMap(({ branches }) => branches?.levels ?? [])
  const byKind = Map.groupBy(layout.nodes, ({ index, id, isOpen, node, activeTasks, reserved, hostPorts }) =>
    // What is no member of the plan stays where it is and so names its node.
    isOpen
      ? JSON.stringify([
          ...[node.resources, reserved, activeTasks, [...hostPorts].toSorted()],
          ...[layout.groups.map(({ counts, has }) => [counts[index], has[index]])],
          ...[classes.map(({ has }) => has[index]), levels.map((level) => level[index])]
        ])
      : id
  )
  for (const [i, member] of layout.members.entries()) layout.place(member, before[i] ?? [])
  return [...byKind.values()].map((nodes) => nodes.map(({ index }) => index))
}
