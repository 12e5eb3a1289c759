/**
 * The best placement there is and the fewest moves to it, by trying all: every service spread (over the values of its preference
 * first), then every group, then the nodes, then the fewest moves. Written apart from the planner, which is judged by it. Knows
 * what filters allow (nodes, tasks for each node), but no reservations: drills leave room enough.
 */

export interface SpreadService {
  readonly name: string
  readonly group: string | null
  /** Tasks on each node. */
  readonly counts: ReadonlyArray<number>
  /** Where tasks may be. */
  readonly isEligible: ReadonlyArray<boolean>
  readonly mostPerNode: number
  /** The value of the preference's label on each node; null without preference. */
  readonly branchOf: ReadonlyArray<string> | null
}

export interface Situation {
  readonly services: ReadonlyArray<SpreadService>
  /** Tasks on each node that stay whatever is done: those of global services. */
  readonly fixed: ReadonlyArray<number>
  /** Nodes that may get tasks. */
  readonly isOpen: ReadonlyArray<boolean>
}

export interface Optimum {
  readonly moves: number
  readonly isReached: boolean
}

const sum = (counts: ReadonlyArray<number>): number => counts.reduce((total, count) => total + count, 0)
const squares = (counts: ReadonlyArray<number>): number => counts.reduce((total, count) => total + count * count, 0)
const skew = (counts: ReadonlyArray<number>): number =>
  counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts)

const at = (counts: ReadonlyArray<number>, index: number): number => counts[index] ?? 0

const only = (counts: ReadonlyArray<number>, kept: ReadonlyArray<boolean>): ReadonlyArray<number> =>
  counts.filter((_, index) => kept[index] === true)

const branches = (service: SpreadService, counts: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> => {
  const found = new Map<string, Array<number>>()
  for (const [index, count] of counts.entries())
    if (service.isEligible[index] === true) {
      const value = service.branchOf?.[index] ?? ""
      found.set(value, [...(found.get(value) ?? []), count])
    }
  return [...found.values()]
}

const isSpread = (service: SpreadService): boolean => {
  const within = branches(service, service.counts)
  return skew(within.map(sum)) <= 1 && within.every((counts) => skew(counts) <= 1)
}

/** Nothing is moved while no difference is larger than one task. */
const isEven = ({ fixed, isOpen, services }: Situation): boolean => {
  const groups = Map.groupBy(
    services.filter(({ group }) => group !== null),
    ({ group }) => group
  )
  const totals = fixed.map((count, node) => count + sum(services.map(({ counts }) => at(counts, node))))
  return (
    services.every((service) => sum(service.counts) <= 1 || isSpread(service)) &&
    [...groups.values()].every((members) => {
      const nodes = fixed.map((_, node) => members.some(({ isEligible }) => isEligible[node] === true))
      const counts = fixed.map((_, node) => sum(members.map((member) => at(member.counts, node))))
      return skew(only(counts, nodes)) <= 1
    }) &&
    skew(only(totals, isOpen)) <= 1
  )
}

/** All ways to put so many tasks on these nodes. */
const placements = (service: SpreadService): ReadonlyArray<ReadonlyArray<number>> => {
  const found: Array<ReadonlyArray<number>> = []
  const put = (node: number, left: number, counts: ReadonlyArray<number>): void => {
    if (node === service.counts.length) {
      if (left === 0) found.push(counts)
      return
    }
    const most = service.isEligible[node] === true ? Math.min(left, service.mostPerNode) : 0
    for (let here = 0; here <= most; here++) put(node + 1, left - here, [...counts, here])
  }
  put(0, sum(service.counts), [])
  return found
}

/** Those of the fewest `costs`, which are compared one after the other. */
const least = <A>(options: ReadonlyArray<A>, ...costs: ReadonlyArray<(option: A) => number>): ReadonlyArray<A> =>
  costs.reduce((kept, cost) => {
    const lowest = Math.min(...kept.map(cost))
    return kept.filter((option) => cost(option) === lowest)
  }, options)

/** Tasks added on each node → the fewest moves for it. */
type Options = ReadonlyMap<string, { readonly counts: ReadonlyArray<number>; readonly moves: number }>

const optionsOf = (service: SpreadService): Options => {
  const best = least(
    placements(service),
    (counts) => squares(branches(service, counts).map(sum)),
    (counts) => squares(counts)
  )
  const movesTo = (counts: ReadonlyArray<number>) =>
    sum(counts.map((count, node) => Math.max(0, count - at(service.counts, node))))
  return new Map(best.map((counts) => [counts.join(), { counts, moves: movesTo(counts) }]))
}

const together = (left: Options, right: Options): Options => {
  const found = new Map<string, { readonly counts: ReadonlyArray<number>; readonly moves: number }>()
  for (const a of left.values())
    for (const b of right.values()) {
      const counts = a.counts.map((count, node) => count + at(b.counts, node))
      const moves = a.moves + b.moves
      const known = found.get(counts.join())
      if (known === undefined || known.moves > moves) found.set(counts.join(), { counts, moves })
    }
  return found
}

export const of = (situation: Situation): Optimum => {
  if (isEven(situation)) return { moves: 0, isReached: true }
  const { fixed, services } = situation
  const nothing: Options = new Map([["", { counts: fixed.map(() => 0), moves: 0 }]])
  const blocks = [
    ...Map.groupBy(services, ({ group, name }) => (group === null ? `service ${name}` : `group ${group}`))
  ]
  const all = blocks.map(([name, members]) => {
    const options = members.map(optionsOf).reduce(together, nothing)
    if (!name.startsWith("group ")) return options
    return new Map(least([...options], ([, { counts }]) => squares(counts)))
  })
  const [best] = least(
    [...all.reduce(together, nothing).values()],
    ({ counts }) => squares(counts.map((count, node) => count + at(fixed, node))),
    ({ moves }) => moves
  )
  const moves = best?.moves ?? 0
  return { moves, isReached: moves === 0 }
}
