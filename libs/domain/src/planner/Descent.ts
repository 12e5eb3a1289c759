/**
 * The next move that makes the placement better by itself, found from the nodes that have too much: of a group first, then of
 * what is reserved, then of tasks. Looks at one node after the other and takes the best move off the first that has one, so
 * that finding a move takes about as long as looking through one node. What it answers depends on the placement alone.
 */
import type { Pausable } from "../Pausable.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Score from "./Score.ts"
import * as Steps from "./Steps.ts"

/** What is being evened out, at which level of the score. */
interface Goal {
  readonly level: 2 | 3 | 4
  /** From the fullest on. */
  readonly donors: ReadonlyArray<number>
  /** From the emptiest on. */
  readonly targets: ReadonlyArray<number>
  /** Whether `differs` is false for all that follow once it is false for one. */
  readonly isSorted: boolean
  readonly concerns: (member: Member) => boolean
  /** Whether the first has so much more than the second that a task may go from it to that. */
  readonly differs: (donor: number, target: number) => boolean
}

/** Of the emptiest nodes with room, how many are weighed against each other for one task: fewer in large clusters. */
const mostTargets = ({ nodes }: Layout): number => (nodes.length <= 64 ? 8 : 2)

export function* next(layout: Layout): Pausable<Step | null> {
  const { maxGroupSkew, maxNodeSkew, weights } = layout.policy
  const groups = layout.groups
    .flatMap((group, number) => {
      const skew = layout.groupSkew(number)
      return skew > Math.max(1, maxGroupSkew) ? [{ group, number, skew }] : []
    })
    .toSorted((a, b) => b.skew - a.skew || (a.group.name < b.group.name ? -1 : 1))
  for (const { number } of groups) {
    const step = yield* nextFor(layout, groupGoal(layout, number))
    if (step !== null) return step
  }
  if (layout.shares.deviation() > 1e-9) {
    const step = yield* nextFor(layout, sharesGoal(layout))
    if (step !== null) return step
  }
  if (weights.tasks === 0 || layout.nodeSkew() <= Math.max(1, maxNodeSkew)) return null
  return yield* nextFor(layout, tasksGoal(layout))
}

const groupGoal = (layout: Layout, number: number): Goal => {
  const { has, counts } = layout.groups[number] ?? {}
  const count = (node: number) => counts?.[node] ?? 0
  // Sorted by count and then by load: the order by load is there already.
  const byCount: Array<Array<number>> = []
  for (const node of layout.order.ascending) if (has?.[node] === 1) (byCount[count(node)] ??= []).push(node)
  const targets = byCount.flat()
  return {
    level: 2,
    isSorted: true,
    donors: targets.toReversed(),
    targets,
    concerns: ({ group }) => group === number,
    differs: (donor, target) => count(donor) - count(target) > 1
  }
}

/** Nodes with too much or too little reserved come first, by how much; the others by their tasks. */
const sharesGoal = (layout: Layout): Goal => {
  const { shares } = layout
  const beyond = new Map<number, number>()
  for (const node of layout.open) {
    const outside = shares.ofNode(node)
    if (outside > 0) beyond.set(node.index, shares.isAbove(node) ? outside : -outside)
  }
  const by = (sign: 1 | -1) =>
    [...beyond.keys()]
      .filter((node) => sign * (beyond.get(node) ?? 0) > 0)
      .toSorted((a, b) => sign * ((beyond.get(b) ?? 0) - (beyond.get(a) ?? 0)) || a - b)
  const above = by(1)
  const within = layout.order.ascending.filter((node) => !beyond.has(node))
  return {
    level: 3,
    isSorted: false,
    donors: above.length > 0 ? [...above, ...within.toReversed()] : within.toReversed(),
    targets: [...by(-1), ...within],
    concerns: ({ reserves }) => reserves,
    differs: (donor, target) => shares.share(layout.at(donor)) > shares.share(layout.at(target))
  }
}

const tasksGoal = (layout: Layout): Goal => {
  const load = (node: number) => layout.nodes[node]?.activeTasks ?? 0
  return {
    level: 4,
    isSorted: true,
    donors: layout.order.ascending.toReversed(),
    targets: layout.order.ascending,
    concerns: () => true,
    differs: (donor, target) => load(donor) - load(target) > 1
  }
}

function* nextFor(layout: Layout, goal: Goal): Pausable<Step | null> {
  const [emptiest] = goal.targets
  for (const donor of goal.donors) {
    if (emptiest === undefined) return null
    if (!goal.differs(donor, emptiest)) {
      if (goal.isSorted) return null
      continue
    }
    yield
    const found = bestOff(layout, goal, donor)
    if (found !== null) return found
  }
  return null
}

/** The best move off one node. Moves of services with several tasks are guessed first, and predicted when it is their turn. */
const bestOff = (layout: Layout, goal: Goal, donor: number): Step | null => {
  const guesses: Array<Steps.Rated> = []
  for (const id of layout.at(donor).activeByService.keys()) {
    const member = layout.memberOf.get(id)
    if (member === undefined || !goal.concerns(member) || member.nodes.has[donor] !== 1) continue
    const guess = member.isSingle ? bestPin(layout, goal, member, donor) : guessEmpty(layout, goal, member, donor)
    if (guess !== null) guesses.push(guess)
  }
  for (;;) {
    const best = takeBest(guesses)
    if (best === null) return null
    const { step } = best
    if (step.strategy === "pin") return step
    const predicted = Steps.bestIfAllImprove(layout, Steps.empties(layout, step.member, donor))
    if (predicted !== null && predicted.delta[goal.level] < 0) return predicted.step
  }
}

/** Takes the best one out. */
const takeBest = (guesses: Array<Steps.Rated>): Steps.Rated | null => {
  let at = 0
  for (const [i, each] of guesses.entries()) {
    const best = guesses[at]
    if (best !== undefined && Steps.compare(each, best) < 0) at = i
  }
  return guesses.splice(at, 1)[0] ?? null
}

const improves = (delta: Score.Score, { level }: Goal): boolean =>
  delta[level] < 0 && Score.compare(delta, Score.zero) < 0

const bestPin = (layout: Layout, goal: Goal, member: Member, donor: number): Steps.Rated | null => {
  const task = member.tasks[0]
  if (task === undefined || !Steps.allows(layout, "pin")) return null
  let best: Score.Score | null = null
  let bestTarget = -1
  let left = mostTargets(layout)
  for (const target of goal.targets) {
    if (!goal.differs(donor, target)) {
      if (goal.isSorted) break
      continue
    }
    if (member.nodes.has[target] !== 1 || member.refusal(layout.at(target)) !== null) continue
    const delta = layout.delta(member, donor, target)
    if (improves(delta, goal) && (best === null || Score.compare(delta, best) < 0)) {
      best = delta
      bestTarget = target
    }
    if (--left === 0) break
  }
  return best === null ? null : { step: Steps.pin(member, task, donor, bestTarget), delta: best }
}

/** As if Swarm chose the emptiest node that has no task of the service: which it does but for ties and preferences. */
const guessEmpty = (layout: Layout, goal: Goal, member: Member, donor: number): Steps.Rated | null => {
  if (!Steps.allows(layout, "empty") || member.counts.get(donor) !== 1) return null
  const { id } = layout.at(donor)
  for (const target of goal.targets) {
    if (!goal.differs(donor, target)) {
      if (goal.isSorted) return null
      continue
    }
    if (member.nodes.has[target] !== 1 || member.counts.has(target)) continue
    if (member.refusal(layout.at(target)) !== null) continue
    const delta = layout.delta(member, donor, target)
    if (!improves(delta, goal)) continue
    const task = member.tasks.find(({ node }) => node === id)
    if (task === undefined) return null
    return { step: { member, strategy: "empty", task, from: donor, to: target, alternatives: [] }, delta }
  }
  return null
}
