/**
 * The best placement that each service could reach for itself (`OwnStates`) and that all of them fit into together, and the
 * fewest moves to it: whether or not there is an order in which the moves can be made. A bound that no plan beats, much closer
 * than `Bound`, found by branch and bound over the services, group by group. For small clusters.
 */
import type { Pausable } from "../Pausable.ts"
import type { Layout } from "./Layout.ts"
import { movesUntil, squaresAfter, squaresOf } from "./Levelling.ts"
import type { OwnCost } from "./OwnStates.ts"
import { type Option, of as unitsOf, type OwnStatesOf, type Unit } from "./RelaxedUnits.ts"
import * as Room from "./Room.ts"
import * as Score from "./Score.ts"
import type { Symmetry } from "./Symmetry.ts"

/** A score and the moves to it. */
export interface Outcome {
  readonly score: Score.Score
  readonly moves: number
}

export const compare = (a: Outcome, b: Outcome): number => Score.compare(a.score, b.score) || a.moves - b.moves

/** Partial placements that are looked at, in all and between two pauses. */
const mostTried = 20_000
const triedAtATime = 32
/** Placements that are as good as each other. */
const mostGoals = 2_000

/** What each unit does, in the order of `units`. */
export interface Goals {
  readonly units: ReadonlyArray<Unit>
  readonly ways: ReadonlyArray<ReadonlyArray<Option>>
}

/**
 * The best outcome, at worst `known`, which some plan reaches; null where there is too much to try. The layout is left as it
 * was.
 */
export function* best(layout: Layout, known: Outcome, own: OwnStatesOf, symmetry: Symmetry): Pausable<Outcome | null> {
  const search = yield* tried(layout, own, symmetry, known, null)
  return search?.best ?? null
}

/** Every placement that is as good as this outcome or better; null where there are too many. */
export function* goals(layout: Layout, outcome: Outcome, own: OwnStatesOf, symmetry: Symmetry): Pausable<Goals | null> {
  const ways: Array<ReadonlyArray<Option>> = []
  const search = yield* tried(layout, own, symmetry, outcome, ways)
  return search === null ? null : { units: search.units, ways }
}

function* tried(
  layout: Layout,
  own: OwnStatesOf,
  symmetry: Symmetry,
  known: Outcome,
  ways: Array<ReadonlyArray<Option>> | null
): Pausable<BranchAndBound | null> {
  const units = yield* unitsOf(layout, own, symmetry)
  if (units === null) return null
  const before = layout.members.map(({ tasks }) => tasks)
  const room = Room.of(layout)
  const start = layout.groups.map(({ counts }) => Int32Array.from(counts))
  for (const member of layout.members) layout.place(member, [])
  const search = new BranchAndBound({ layout, units, start, room, known, ways })
  const isComplete = yield* search.run()
  for (const [i, member] of layout.members.entries()) layout.place(member, before[i] ?? [])
  return isComplete ? search : null
}

/** What holds from a unit on, to the last. */
interface Rest extends OwnCost {
  readonly moves: number
  readonly tasks: number
  /** Tasks of the unit's own group among them. */
  readonly inGroup: number
  /** Squares of the groups of later units, at least. */
  readonly groups: number
}

interface Spent extends OwnCost {
  readonly moves: number
  /** Squares of the groups that are complete. */
  readonly groups: number
}

/** The layout has none of the units' tasks. */
interface Problem {
  readonly layout: Layout
  readonly units: ReadonlyArray<Unit>
  /** The groups' counts as they are with the units' tasks. */
  readonly start: ReadonlyArray<Int32Array>
  readonly room: Room.Room | null
  readonly known: Outcome
  /** Where all that is as good as `known` is to be put; null where one is sought that is better. */
  readonly ways: Array<ReadonlyArray<Option>> | null
}

class BranchAndBound {
  best: Outcome
  readonly units: ReadonlyArray<Unit>
  readonly #layout: Layout
  readonly #ways: Array<ReadonlyArray<Option>> | null
  readonly #chosen: Array<Option> = []
  readonly #rests: ReadonlyArray<Rest>
  readonly #room: Room.Room | null
  readonly #totals: Int32Array
  /** Fewest moves with which a partial placement that leaves the same to do has been seen. */
  readonly #seen = new Map<string, number>()
  #tried = 0

  constructor({ layout, units, start, room, known, ways }: Problem) {
    this.#layout = layout
    this.#room = room
    this.#ways = ways
    this.best = known
    this.#totals = Int32Array.from(layout.nodes, ({ activeTasks, isOpen }) => (isOpen ? activeTasks : 0))
    this.units = inOrder(withoutWorse(units, known.score))
    this.#rests = restsOf(layout, this.units, start, known.score)
  }

  /** False where it was given up. */
  *run(): Pausable<boolean> {
    return yield* this.#visit(0, { preferences: 0, services: 0, moves: 0, groups: 0 })
  }

  *#visit(at: number, spent: Spent): Pausable<boolean> {
    const unit = this.units[at]
    if (unit === undefined) {
      const outcome = { score: this.#scoreOf(spent), moves: spent.moves }
      if (this.#ways === null) this.best = compare(outcome, this.best) < 0 ? outcome : this.best
      else if (compare(outcome, this.best) <= 0) this.#ways.push([...this.#chosen])
      return this.#ways === null || this.#ways.length <= mostGoals
    }
    for (const option of unit.options) {
      if (++this.#tried > mostTried) return false
      if (this.#tried % triedAtATime === 0) yield
      this.#put(unit, option, 1)
      this.#chosen.push(option)
      const next = this.#spentWith(at, unit, option, spent)
      const isComplete = this.#isHopeless(at + 1, unit, next) || (yield* this.#visit(at + 1, next))
      this.#chosen.pop()
      this.#put(unit, option, -1)
      if (!isComplete) return false
    }
    return true
  }

  #put({ group }: Unit, { counts, places }: Option, by: 1 | -1): void {
    const own = this.#layout.groups[group]?.counts
    for (const [node, count] of counts.entries()) {
      if (count === 0) continue
      this.#totals[node] = (this.#totals[node] ?? 0) + by * count
      // Else the layout counts them.
      if (this.#room === null && own !== undefined) own[node] = (own[node] ?? 0) + by * count
    }
    if (this.#room !== null) for (const [member, tasks] of places) this.#layout.place(member, by === 1 ? tasks : [])
  }

  #spentWith(at: number, { group }: Unit, option: Option, spent: Spent): Spent {
    const isGroupComplete = group >= 0 && this.units[at + 1]?.group !== group
    return {
      preferences: spent.preferences + option.preferences,
      services: spent.services + option.services,
      moves: spent.moves + option.moves,
      groups: spent.groups + (isGroupComplete ? squaresOf([...(this.#layout.groups[group]?.counts ?? [])]) : 0)
    }
  }

  /** Whether nothing better than the best so far can come of it, or it leaves what has been looked at with no more moves. */
  #isHopeless(at: number, { group }: Unit, spent: Spent): boolean {
    if (this.#room?.fits() === false) return true
    const rest = this.#rests[at]
    const { groups, nodes, open, policy } = this.#layout
    const own = this.units[at]?.group === group ? groups[group] : undefined
    let squares = spent.groups + (rest?.groups ?? 0)
    if (own !== undefined) {
      squares += squaresAfter(
        own.nodes.map((node) => own.counts[node] ?? 0),
        rest?.inGroup ?? 0
      )
      for (const { index } of nodes) if (own.has[index] !== 1) squares += (own.counts[index] ?? 0) ** 2
    }
    const totals = open.map(({ index }) => this.#totals[index] ?? 0)
    const tasks = policy.weights.tasks === 0 ? 0 : squaresAfter(totals, rest?.tasks ?? 0)
    const least: Outcome = {
      score: [spent.preferences + (rest?.preferences ?? 0), spent.services + (rest?.services ?? 0), squares, 0, tasks],
      moves: spent.moves + (rest?.moves ?? 0)
    }
    const order = compare(least, this.best)
    if (this.#ways === null ? order >= 0 : order > 0) return true
    // What is taken of nodes matters too where there is something to compete for.
    if (this.#room !== null || this.#ways !== null) return false
    const { preferences, services } = spent
    const key = [at, preferences, services, spent.groups, totals.join(), own?.counts.join() ?? ""].join(" ")
    const seen = this.#seen.get(key)
    if (seen !== undefined && seen <= spent.moves) return true
    this.#seen.set(key, spent.moves)
    return false
  }

  #scoreOf(spent: Spent): Score.Score {
    if (this.#room !== null) return this.#layout.score()
    const { groups, policy } = this.#layout
    let squares = spent.groups
    const complete = new Set(this.units.map(({ group }) => group))
    for (const [number, { counts }] of groups.entries()) if (!complete.has(number)) squares += squaresOf([...counts])
    const tasks = policy.weights.tasks === 0 ? 0 : squaresOf([...this.#totals])
    return [spent.preferences, spent.services, squares, this.#layout.shares.deviation(), tasks]
  }
}

/** Where every service is known to be spread best, no other of its placements is of use. */
const withoutWorse = (units: ReadonlyArray<Unit>, known: Score.Score): ReadonlyArray<Unit> => {
  const best = units.map(({ options }) =>
    options.reduce((least, each) =>
      each.preferences - least.preferences < 0 ||
      (each.preferences === least.preferences && each.services < least.services)
        ? each
        : least
    )
  )
  const sum = (of: (cost: OwnCost) => number) => best.reduce((total, each) => total + of(each), 0)
  if (sum(({ preferences }) => preferences) !== known[0] || sum(({ services }) => services) !== known[1]) return units
  return units.map((unit, i) => ({
    ...unit,
    options: unit.options.filter(
      ({ preferences, services }) => preferences === best[i]?.preferences && services === best[i].services
    )
  }))
}

/** Group by group, and those with the fewest ways first. */
const inOrder = (units: ReadonlyArray<Unit>): ReadonlyArray<Unit> => {
  const ways = Map.groupBy(units, ({ group }) => group)
  const waysOf = (group: number) =>
    (ways.get(group) ?? []).reduce((most, { options }) => Math.max(most, options.length), 0)
  return units.toSorted((a, b) =>
    a.group === b.group ? a.options.length - b.options.length : waysOf(a.group) - waysOf(b.group) || a.group - b.group
  )
}

/** For each unit what it and the later ones have at least, and for the end. `start`: the groups' counts as they are now. */
const restsOf = (
  layout: Layout,
  units: ReadonlyArray<Unit>,
  start: ReadonlyArray<Int32Array>,
  known: Score.Score
): ReadonlyArray<Rest> => {
  const leastOf = ({ options }: Unit, of: (option: Option) => number) =>
    options.reduce((least, each) => Math.min(least, of(each)), Infinity)
  const groups = layout.groups.map((group, number) => {
    const tasks = units.reduce((sum, unit) => sum + (unit.group === number ? unit.tasks : 0), 0)
    const inside = group.nodes.map((node) => group.counts[node] ?? 0)
    const outside = layout.nodes.reduce(
      (sum, { index }) => sum + (group.has[index] === 1 ? 0 : (group.counts[index] ?? 0) ** 2),
      0
    )
    const least = squaresAfter(inside, tasks)
    const now = group.nodes.map((node) => start[number]?.[node] ?? 0)
    return { squares: least + outside, moves: movesUntil([now], least) }
  })
  const areGroupsBest = groups.reduce((sum, { squares }) => sum + squares, 0) === known[2]
  const untouched = groups.reduce(
    (sum, { squares }, number) => sum + (units.some(({ group }) => group === number) ? 0 : squares),
    0
  )
  return Array.from({ length: units.length + 1 }, (_, at) => {
    const rest = units.slice(at)
    const sum = (of: (option: Option) => number) => rest.reduce((total, unit) => total + leastOf(unit, of), 0)
    const begun = at > 0 ? units[at - 1]?.group : undefined
    const later = [...new Set(rest.map(({ group }) => group))].filter((group) => group >= 0 && group !== begun)
    let moves = 0
    for (const group of new Set(rest.map((unit) => unit.group))) {
      const own = rest.reduce((total, unit) => total + (unit.group === group ? leastOf(unit, (o) => o.moves) : 0), 0)
      const isWhole = areGroupsBest && later.includes(group)
      moves += isWhole ? Math.max(own, groups[group]?.moves ?? 0) : own
    }
    return {
      preferences: sum(({ preferences }) => preferences),
      services: sum(({ services }) => services),
      moves,
      tasks: rest.reduce((total, { tasks }) => total + tasks, 0),
      inGroup: rest.reduce((total, unit) => total + (unit.group === units[at]?.group ? unit.tasks : 0), 0),
      groups: untouched + later.reduce((total, group) => total + (groups[group]?.squares ?? 0), 0)
    }
  })
}
