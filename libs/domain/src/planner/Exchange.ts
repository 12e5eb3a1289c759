/**
 * Two or three moves that help only together: where a task would fit better on a node that has no room for it, another one
 * is sent away from there first, to a third node, and perhaps to where the first one came from in the end. Tried for small
 * clusters, when no single move helps any more.
 */
import type { Pausable } from "../Pausable.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Score from "./Score.ts"
import * as Steps from "./Steps.ts"

/** Services of one replica times services of one replica times nodes up to which exchanges are looked for. */
const mostTries = 20_000

export const isSmallEnough = (layout: Layout): boolean => {
  const singles = layout.members.filter(({ isSingle }) => isSingle).length
  return singles * singles * layout.nodes.length <= mostTries
}

interface Found {
  readonly steps: ReadonlyArray<Step>
  readonly total: Score.Score
}

/** How many ways to begin are offered. */
const mostOffered = 8

/** First moves of exchanges that help, the most helpful first. */
export function* beginnings(layout: Layout): Pausable<ReadonlyArray<Step>> {
  if (!Steps.allows(layout, "pin")) return []
  const ways: Array<Found> = []
  for (const member of layout.members)
    for (const wish of blockedWishes(layout, member)) {
      yield
      ways.push(...waysFor(layout, wish).filter(({ total }) => Score.compare(total, Score.zero) < 0))
    }
  const sorted = ways.toSorted((a, b) => Score.compare(a.total, b.total) || a.steps.length - b.steps.length)
  const offered = new Map<string, Step>()
  for (const { steps } of sorted) {
    const [first] = steps
    const key = first === undefined ? "" : `${first.member.service.id} ${first.to}`
    if (first !== undefined && !offered.has(key) && offered.size < mostOffered) offered.set(key, first)
  }
  return [...offered.values()]
}

const pinOf = (layout: Layout, member: Member, to: number): Step | null => {
  const [task] = member.tasks
  return member.isSingle && task !== undefined ? Steps.pin(member, task, layout.indexOf(task.node), to) : null
}

/** Pins to nodes that have no room now. */
const blockedWishes = (layout: Layout, member: Member): ReadonlyArray<Step> =>
  member.nodes.indexes.flatMap((to) => {
    const wish = pinOf(layout, member, to)
    return wish === null || wish.from === to || member.refusal(layout.at(to)) === null ? [] : [wish]
  })

const waysFor = (layout: Layout, wish: Step): ReadonlyArray<Found> => {
  const ways: Array<Found> = []
  for (const id of [...layout.at(wish.to).activeByService.keys()]) {
    const blocker = layout.memberOf.get(id)
    if (blocker === undefined || blocker === wish.member) continue
    for (const aside of blocker.nodes.indexes) {
      const away = pinOf(layout, blocker, aside)
      if (away === null || away.from !== wish.to || aside === wish.to) continue
      if (blocker.refusal(layout.at(aside)) === null) ways.push(...tried(layout, wish, away))
    }
  }
  return ways
}

/** The exchange with and without the third move, as far as there is room. */
const tried = (layout: Layout, wish: Step, away: Step): ReadonlyArray<Found> => {
  const first = layout.delta(away.member, away.from, away.to)
  const undoAway = layout.perform(away)
  const ways: Array<Found> = []
  if (wish.member.refusal(layout.at(wish.to)) === null) {
    const two = Score.plus(first, layout.delta(wish.member, wish.from, wish.to))
    const undoWish = layout.perform(wish)
    ways.push({ steps: [away, wish], total: two })
    const home = pinOf(layout, away.member, wish.from)
    const mayGo = away.member.nodes.has[wish.from] === 1 && away.member.refusal(layout.at(wish.from)) === null
    if (home !== null && home.from !== home.to && mayGo) {
      const three = Score.plus(two, layout.delta(home.member, home.from, home.to))
      ways.push({ steps: [away, wish, home], total: three })
    }
    undoWish()
  }
  undoAway()
  return ways
}
