/**
 * The services of several tasks that are uneven by themselves, and the next move that makes one of them more even: the most
 * uneven first. A surge if Swarm would carry it out as wished, else the emptying of one node.
 */
import type { Pausable } from "../Pausable.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Score from "./Score.ts"
import * as Steps from "./Steps.ts"

export class Spread {
  readonly #layout: Layout
  readonly #limit: number
  /** Skews of those above the limit. */
  readonly #uneven = new Map<Member, number>()
  /** Refused, and with so many nodes and services not asked again after every other step. */
  readonly #aside = new Set<Member>()
  readonly #mayPutAside: boolean

  constructor(layout: Layout) {
    this.#layout = layout
    this.#limit = Math.max(1, layout.policy.maxServiceSkew)
    this.#mayPutAside = layout.members.length * layout.nodes.length > mostToAskAlways
    for (const member of layout.members) this.changed(member)
  }

  /** To be told of every service whose tasks have moved. */
  changed(member: Member): void {
    if (member.isSingle) return
    const skew = this.#layout.ownSkew(member)
    if (skew > this.#limit) this.#uneven.set(member, skew)
    else this.#uneven.delete(member)
    this.#aside.delete(member)
  }

  /** Asks those again that were put aside; false when there are none. */
  reconsider(): boolean {
    const had = this.#aside.size > 0
    this.#aside.clear()
    return had
  }

  *next(): Pausable<Step | null> {
    const byNeed = [...this.#uneven].toSorted(
      ([a, skewA], [b, skewB]) => skewB - skewA || (a.service.id < b.service.id ? -1 : 1)
    )
    for (const [member] of byNeed) {
      if (this.#aside.has(member)) continue
      yield
      const step = stepFor(this.#layout, member)
      if (step !== null) return step
      if (this.#mayPutAside) this.#aside.add(member)
    }
    return null
  }
}

/** Services times nodes up to which every refused service is asked again after every step. */
const mostToAskAlways = 100_000

const evensOwn = ({ delta }: Steps.Rated): boolean => delta[0] < 0 || (delta[0] === 0 && delta[1] < 0)

const stepFor = (layout: Layout, member: Member): Step | null => {
  const surge = Steps.bestIfAllImprove(layout, Steps.surges(layout, member))
  if (surge !== null && evensOwn(surge)) return surge.step
  let best: Steps.Rated | null = null
  for (const [node, count] of member.counts) {
    if (count !== 1) continue
    const rated = Steps.bestIfAllImprove(layout, Steps.empties(layout, member, node))
    if (rated === null || !evensOwn(rated)) continue
    if (best === null || Steps.compare(rated, best) < 0) best = rated
  }
  return best === null || Score.compare(best.delta, Score.zero) >= 0 ? null : best.step
}
