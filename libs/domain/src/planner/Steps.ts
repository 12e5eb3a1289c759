/**
 * The moves that there are: for a service of one replica a pin to any node with room, for others what a surge or an empty
 * would certainly do. None makes its service's own spread less even. And the order among moves that help equally: cheap ones
 * first, then those of young tasks (which have the least to lose), then by id.
 */
import type { Task } from "../Task.ts"
import * as Empty from "./Empty.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Score from "./Score.ts"
import * as Surge from "./Surge.ts"

export const allows = ({ policy }: Layout, strategy: Step["strategy"]): boolean => policy.strategies.has(strategy)

/** Every outcome of every move of a service, as things stand. */
export const of = (layout: Layout, member: Member): ReadonlyArray<Step> =>
  member.isSingle ? pins(layout, member) : [...surges(layout, member), ...empties(layout, member)]

export const pin = (member: Member, task: Task, from: number, to: number): Step => {
  return { member, strategy: "pin", task, from, to, alternatives: [] }
}

const pins = (layout: Layout, member: Member): ReadonlyArray<Step> => {
  const [task] = member.tasks
  if (task === undefined || !allows(layout, "pin")) return []
  const from = layout.indexOf(task.node)
  return member.nodes.indexes
    .filter((to) => to !== from && member.refusal(layout.at(to)) === null)
    .map((to) => pin(member, task, from, to))
}

const outcomes = (prediction: Surge.Prediction): ReadonlyArray<Step> =>
  prediction._tag === "Possible" ? prediction.outcomes : []

export const surges = (layout: Layout, member: Member): ReadonlyArray<Step> =>
  allows(layout, "surge") && !member.isStopFirst ? outcomes(Surge.predict(layout, member)) : []

/** `only`: the node to empty; every one where it is left out. */
export const empties = (layout: Layout, member: Member, only?: number): ReadonlyArray<Step> =>
  !allows(layout, "empty")
    ? []
    : member.tasks.flatMap((task) => {
        const from = layout.indexOf(task.node)
        if (only !== undefined && from !== only) return []
        return outcomes(Empty.predict(layout, member, task))
      })

/** The outcome to count on among those of one move; null unless each of them makes the placement better. */
export const bestIfAllImprove = (layout: Layout, steps: ReadonlyArray<Step>): Rated | null => {
  let best: Rated | null = null
  for (const step of steps) {
    const rated = rate(layout, step)
    if (Score.compare(rated.delta, Score.zero) >= 0) return null
    if (best === null || compare(rated, best) < 0) best = rated
  }
  return best
}

/** A step with what it changes in the score. */
export interface Rated {
  readonly step: Step
  readonly delta: Score.Score
}

export const rate = (layout: Layout, step: Step): Rated => {
  return { step, delta: layout.delta(step.member, step.from, step.to) }
}

const millisPerHour = 3_600_000
const oldestBucket = 15

/** 0 for a task of less than an hour, 1 more for every doubling, at most 15. */
export const ageOf = ({ snapshot }: Layout, task: Task): number => {
  const hours = (snapshot.readAtMillis - Date.parse(task.createdAt)) / millisPerHour
  return hours > 1 ? Math.min(oldestBucket, Math.ceil(Math.log2(hours))) : 0
}

/** Negative when `a` should come first. */
export const compare = (a: Rated, b: Rated): number =>
  Score.compare(a.delta, b.delta) ||
  a.step.member.cost - b.step.member.cost ||
  compareText(b.step.task.createdAt, a.step.task.createdAt) ||
  compareText(a.step.member.service.id, b.step.member.service.id) ||
  a.step.to - b.step.to ||
  a.step.from - b.step.from

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
