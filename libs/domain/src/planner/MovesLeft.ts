/**
 * How many moves a placement needs at least until it is as even as an aim that cannot be beaten: never too many, so that a search
 * that trusts it misses nothing. Counts each service's own moves (`OwnStates`), the groups' and the nodes', each as if the others
 * did not matter.
 */
import type { Pausable } from "../Pausable.ts"
import type { Group, Layout } from "./Layout.ts"
import { movesUntil, squaresAfter, squaresOf } from "./Levelling.ts"
import * as OwnStates from "./OwnStates.ts"
import type { Goals } from "./Relaxed.ts"
import type { Option, OwnStatesOf, Unit } from "./RelaxedUnits.ts"
import type * as Score from "./Score.ts"

/** For the layout as it stands at the time of the call; Infinity where the aim is certainly out of reach. */
export type MovesLeft = () => number

/** `aim`: the score of the best placement that there may be. */
export const to = (layout: Layout, aim: Score.Score, own: OwnStatesOf): MovesLeft => {
  const several = layout.members.filter((member) => own.has(member))
  const needsBestOwn = isSumOfBest(layout, aim, own)
  const ofServices = (): number => {
    let moves = 0
    for (const member of several) moves += own.get(member)?.movesToBest.get(OwnStates.keyOf(member.tasks)) ?? Infinity
    return moves
  }
  const groups = layout.groups.map((group) => {
    const outside = squaresOf(
      layout.nodes.flatMap(({ index }) => (group.has[index] === 1 ? [] : [inGroup(group, index)]))
    )
    const total = countsOf(group).reduce((sum, count) => sum + count, 0)
    const hasSeveral = several.some((member) => layout.groups[member.group] === group)
    return { group, outside, least: squaresAfter(countsOf(group).fill(0), total), hasSeveral }
  })
  const outside = groups.reduce((sum, each) => sum + each.outside, 0)
  const leastOfGroups = groups.reduce((sum, { least }) => sum + least, 0)
  const apart = leastOfGroups + outside === aim[2] ? groups.filter(({ hasSeveral }) => !hasSeveral) : []
  return () => {
    const nodes =
      layout.policy.weights.tasks === 0 ? 0 : movesUntil([layout.open.map(({ activeTasks }) => activeTasks)], aim[4])
    const ofGroups = movesUntil(
      groups.map(({ group }) => countsOf(group)),
      aim[2] - outside
    )
    if (!needsBestOwn) return Math.max(nodes, ofGroups)
    // What moves in a group without services of several tasks is no move of such a service.
    const besides = apart.reduce((sum, { group, least }) => sum + movesUntil([countsOf(group)], least), 0)
    return Math.max(nodes, ofGroups, ofServices() + besides)
  }
}

const inGroup = ({ counts }: Group, node: number): number => counts[node] ?? 0

const countsOf = (group: Group): Array<number> => group.nodes.map((node) => inGroup(group, node))

/** Whether no service can be spread worse than best where the aim is met. */
const isSumOfBest = (layout: Layout, aim: Score.Score, own: OwnStatesOf): boolean => {
  let [preferences, services] = [0, 0]
  for (const member of layout.members) {
    if (member.isSingle) continue
    const found = own.get(member)?.best
    if (found === undefined) return false
    preferences += found.preferences
    services += found.services
  }
  return preferences === aim[0] && services === aim[1]
}

/** To the nearest of these placements. */
export function* toGoals(layout: Layout, { units, ways }: Goals, own: OwnStatesOf): Pausable<MovesLeft> {
  const toOptions: Array<{ readonly options: ReadonlyArray<Option>; readonly movesTo: MovesToEach }> = []
  for (const [i, unit] of units.entries()) {
    const options = [...new Set(ways.flatMap((way) => way[i] ?? []))]
    toOptions.push({ options, movesTo: yield* movesOf(layout, unit, options, own) })
  }
  const numbered = ways.map((way) => way.map((option, i) => toOptions[i]?.options.indexOf(option) ?? 0))
  return () => {
    const moves = toOptions.map(({ movesTo }) => movesTo())
    let least = Infinity
    for (const way of numbered) {
      let sum = 0
      for (let i = 0; i < way.length; i++) sum += moves[i]?.[way[i] ?? 0] ?? 0
      if (sum < least) least = sum
    }
    return least
  }
}

/** The moves of one unit to each of its options, as it is placed at the time of the call. */
type MovesToEach = () => ReadonlyArray<number>

function* movesOf(
  layout: Layout,
  { members }: Unit,
  options: ReadonlyArray<Option>,
  own: OwnStatesOf
): Pausable<MovesToEach> {
  const [first] = members
  const states = first === undefined ? undefined : own.get(first)
  if (first !== undefined && states !== undefined) {
    const byOption: Array<ReadonlyMap<string, number>> = []
    for (const { places } of options) {
      yield
      byOption.push(states.movesTo(places[0]?.[1] ?? []))
    }
    return () => {
      const key = OwnStates.keyOf(first.tasks)
      return byOption.map((moves) => moves.get(key) ?? Infinity)
    }
  }
  return () => {
    const at = members.map(({ tasks }) => layout.indexOf(tasks[0]?.node ?? null))
    return options.map(({ counts }) => {
      const left = Int32Array.from(counts)
      let away = 0
      for (const node of at) {
        const free = left[node] ?? 0
        if (free > 0) left[node] = free - 1
        else away++
      }
      return away
    })
  }
}
