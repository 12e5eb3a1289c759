/**
 * A bound that no plan can beat: each level of the score for itself, as if its tasks could go to any node that some service of
 * theirs may use, and as if there were room everywhere; and the fewest moves in which that could be reached. Cheap at any
 * size. Where a plan meets it, the plan is best; where it does not, the truth lies between.
 */
import type { Layout, Member } from "./Layout.ts"
import type { Score } from "./Score.ts"

export interface Bound {
  readonly score: Score
  readonly moves: number
}

export const of = (layout: Layout): Bound => {
  let [preferences, services, groups, tasks] = [0, 0, 0, 0]
  let ownMoves = 0
  for (const member of layout.members) {
    if (member.isSingle) continue
    const own = ofService(layout, member)
    services += own.squares
    preferences += own.preferences
    ownMoves += own.moves
  }
  const movable = movableTasks(layout)
  let groupMoves = 0
  for (const [number, { counts, nodes }] of layout.groups.entries()) {
    const best = level(nodes.map((node) => [counts[node] ?? 0, movable.byGroup[number]?.[node] ?? 0] as const))
    const onNodes = new Set(nodes)
    groups += best.squares
    for (const [node, count] of counts.entries()) if (!onNodes.has(node)) groups += count * count
    groupMoves += best.moves
  }
  let nodeMoves = 0
  if (layout.policy.weights.tasks !== 0) {
    const best = level(layout.open.map(({ activeTasks, index }) => [activeTasks, movable.all[index] ?? 0] as const))
    tasks = best.squares
    nodeMoves = best.moves
  }
  return { score: [preferences, services, groups, 0, tasks], moves: Math.max(ownMoves, groupMoves, nodeMoves) }
}

const ofService = (layout: Layout, member: Member) => {
  const counts = member.counts
  const { indexes, has } = member.nodes
  const inside: Array<number> = []
  let away = 0
  let total = 0
  for (const [node, count] of counts) {
    if (has[node] === 1) {
      inside.push(count)
      total += count
    } else away += count * count
  }
  if (indexes.length === 0) return { squares: away, moves: 0, preferences: member.branches?.cost(counts) ?? 0 }
  const base = Math.floor(total / indexes.length)
  const extra = total % indexes.length
  const squares = away + extra * (base + 1) ** 2 + (indexes.length - extra) * base ** 2
  // Branches may force the nodes apart: only the branches bound the moves then.
  if (member.branches !== null) {
    const { fewest, moves } = member.branches.bound(counts)
    return { squares, moves, preferences: fewest }
  }
  let moves = 0
  for (const [i, count] of inside.toSorted((a, b) => b - a).entries())
    moves += Math.max(0, count - (i < extra ? base + 1 : base))
  return { squares, moves, preferences: 0 }
}

/** Tasks that may be moved from open nodes. */
const movableTasks = (layout: Layout) => {
  const all = new Int32Array(layout.nodes.length)
  const byGroup = layout.groups.map(() => new Int32Array(layout.nodes.length))
  for (const member of layout.members)
    for (const { node } of member.tasks) {
      const index = layout.indexOf(node)
      if (member.nodes.has[index] !== 1) continue
      all[index] = (all[index] ?? 0) + 1
      const group = byGroup[member.group]
      if (group !== undefined) group[index] = (group[index] ?? 0) + 1
    }
  return { all, byGroup }
}

/**
 * Levels nodes, each with its tasks and how many of those may go elsewhere: the smallest sum of squares and the fewest moves
 * to it. Tasks are poured on the emptiest nodes; of equal nodes those that now have more keep one more.
 */
export const level = (
  nodes: ReadonlyArray<readonly [tasks: number, movable: number]>
): { readonly squares: number; readonly moves: number } => {
  const sorted = nodes.map(([tasks, movable]) => [tasks - movable, tasks] as const).toSorted(([a], [b]) => a - b)
  let left = nodes.reduce((sum, [, movable]) => sum + movable, 0)
  let height = sorted[0]?.[0] ?? 0
  let wet = 0
  while (wet < sorted.length) {
    const bottom = sorted[wet]?.[0] ?? 0
    const needed = wet * (bottom - height)
    if (needed > left) break
    left -= needed
    height = bottom
    wet++
  }
  if (wet > 0) height += Math.floor(left / wet)
  const extra = wet > 0 ? left % wet : 0
  const byNeed = sorted.slice(0, wet).toSorted(([, a], [, b]) => b - a)
  let [squares, moves] = [0, 0]
  for (const [i, [, tasks]] of byNeed.entries()) {
    const target = i < extra ? height + 1 : height
    squares += target * target
    moves += Math.max(0, tasks - target)
  }
  for (const [bottom, tasks] of sorted.slice(wet)) {
    squares += bottom * bottom
    moves += tasks - bottom
  }
  return { squares, moves }
}
