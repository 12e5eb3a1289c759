/**
 * The best placement that moves lead to, and the fewest moves to it, by trying placements in the order of how many moves they may
 * take in all (A*, Hart, Nilsson and Raphael 1968): made so far, and left at least (`MovesLeft`). Exact; used where the quicker
 * ways have not provably found the best plan, and given up where there are too many placements.
 */
import type { Pausable } from "../Pausable.ts"
import type { Task } from "../Task.ts"
import { Heap } from "./Heap.ts"
import type { Layout, Step } from "./Layout.ts"
import type { MovesLeft } from "./MovesLeft.ts"
import * as OwnStates from "./OwnStates.ts"
import * as Score from "./Score.ts"
import * as Steps from "./Steps.ts"
import type { Symmetry } from "./Symmetry.ts"

/** Placements that may be met, those among which a cheaper plan of as few moves is looked for included. */
const mostStates = 2_000

interface State {
  readonly key: string
  /** Of each service, in the layout's order. */
  readonly tasks: ReadonlyArray<ReadonlyArray<Task>>
  readonly moves: number
  readonly cost: number
  readonly score: Score.Score
  readonly from: State | null
  readonly step: Step | null
  /** Moves in all at least. */
  readonly atLeast: number
  isOutdated: boolean
}

export interface Aim {
  /** No placement has a smaller score. */
  readonly bound: Score.Score
  readonly movesLeft: MovesLeft
  /** Whether the layout, as it stands, is even enough although it may not meet the bound. */
  readonly isEnough: (() => boolean) | null
  /** A plan that is known: only better ones are looked for. Null: any. */
  readonly known: { readonly score: Score.Score; readonly moves: number } | null
}

export interface Found {
  /** Null where nothing is better than what is known. */
  readonly steps: ReadonlyArray<Step> | null
}

/**
 * The fewest moves to a placement that meets the bound or is even enough, or, where none can be reached, to the best there is;
 * null when there are too many placements. The layout is left as it was.
 */
export function* best(layout: Layout, aim: Aim, symmetry: Symmetry): Pausable<Found | null> {
  const before = layout.members.map(({ tasks }) => tasks)
  const found = yield* new Walk(layout, aim, symmetry).run()
  for (const [i, member] of layout.members.entries()) layout.place(member, before[i] ?? [])
  return found === null || found.steps === null ? found : { steps: replayed(layout, found.steps) }
}

class Walk {
  readonly #layout: Layout
  readonly #aim: Aim
  readonly #symmetry: Symmetry
  readonly #successors: OwnStates.Successors
  readonly #states = new Map<string, State>()
  readonly #open = new Heap<State>(
    (a, b) => a.atLeast - b.atLeast || b.moves - a.moves || Score.compare(a.score, b.score) || a.cost - b.cost
  )
  /** Moves beyond which nothing is of use. */
  #mostMoves: number

  constructor(layout: Layout, aim: Aim, symmetry: Symmetry) {
    this.#layout = layout
    this.#aim = aim
    this.#symmetry = symmetry
    this.#successors = new OwnStates.Successors(layout)
    // Where what is known meets the bound, only fewer moves are better.
    this.#mostMoves = aim.known !== null && this.#meetsBound(aim.known.score) ? aim.known.moves - 1 : Infinity
  }

  #meetsBound(score: Score.Score): boolean {
    return Score.compare(score, this.#aim.bound) <= 0
  }

  *run(): Pausable<Found | null> {
    const layout = this.#layout
    const tasks = layout.members.map((member) => member.tasks)
    const about = { moves: 0, cost: 0, score: layout.score(), from: null, step: null }
    this.#add({ ...about, tasks, key: this.#symmetry.keyOf(tasks), atLeast: 0, isOutdated: false })
    let goal: State | null = null
    for (let state = this.#open.pop(); state !== undefined; state = this.#open.pop()) {
      if (state.isOutdated || state.atLeast > this.#mostMoves) continue
      yield
      this.#enter(state)
      const atLeast = state.moves + this.#aim.movesLeft()
      if (atLeast > this.#mostMoves) continue
      if (atLeast > state.atLeast) {
        this.#replace(state, { ...state, atLeast })
        continue
      }
      const isEnough = this.#aim.isEnough !== null && state.moves > 0 && this.#aim.isEnough()
      if (this.#meetsBound(state.score) || isEnough) {
        if (goal === null || Walk.#compare(state, goal) < 0) goal = state
        this.#mostMoves = goal.moves
      } else this.#expand(state)
      if (this.#states.size > mostStates) {
        if (goal === null) return null
        break
      }
    }
    goal ??= this.#mostMoves === Infinity ? this.#bestOfAll() : null
    return { steps: goal === null ? null : this.#pathTo(goal) }
  }

  static #compare(a: State, b: State): number {
    return a.moves - b.moves || Score.compare(a.score, b.score) || a.cost - b.cost
  }

  /** Where the bound is out of reach; null where what is known is as good. */
  #bestOfAll(): State | null {
    let best: State | null = null
    for (const state of this.#states.values()) {
      const order = best === null ? -1 : Score.compare(state.score, best.score)
      if (best === null || order < 0 || (order === 0 && Walk.#compare(state, best) < 0)) best = state
    }
    if (best === null) return null
    const { known } = this.#aim
    return known === null || (Score.compare(best.score, known.score) || best.moves - known.moves) < 0 ? best : null
  }

  #add(state: State): void {
    this.#states.set(state.key, state)
    this.#open.push(state)
  }

  #replace(old: State, state: State): void {
    old.isOutdated = true
    this.#add(state)
  }

  #enter({ tasks }: State): void {
    const { members } = this.#layout
    for (let i = 0; i < members.length; i++) {
      const [member, its] = [members[i], tasks[i]]
      if (member !== undefined && its !== undefined) this.#layout.place(member, its)
    }
  }

  #expand(state: State): void {
    const layout = this.#layout
    const moves = state.moves + 1
    const atLeast = Math.max(moves, state.atLeast)
    if (atLeast > this.#mostMoves) return
    for (const [place, member] of layout.members.entries())
      for (const step of Steps.of(layout, member)) {
        const tasks = state.tasks.with(place, this.#successors.of(member.tasks, step))
        const key = this.#symmetry.keyOf(tasks)
        const cost = state.cost + member.cost + Steps.ageOf(layout, step.task) / 1000
        const known = this.#states.get(key)
        if (known !== undefined && (known.moves < moves || (known.moves === moves && known.cost <= cost))) continue
        const score = Score.plus(state.score, Steps.rate(layout, step).delta)
        if (known !== undefined) known.isOutdated = true
        this.#add({ key, tasks, moves, cost, score, from: state, step, atLeast, isOutdated: false })
      }
  }

  #pathTo(goal: State): ReadonlyArray<Step> {
    const steps: Array<Step> = []
    for (let state: State | null = goal; state !== null; state = state.from)
      if (state.step !== null) steps.unshift(state.step)
    return steps
  }
}

/** The steps with the tasks that they find when they are made one after the other. */
const replayed = (layout: Layout, path: ReadonlyArray<Step>): ReadonlyArray<Step> => {
  const steps: Array<Step> = []
  const undo = path.map((step) => {
    const task = step.member.tasks.find(({ slot }) => slot === step.task.slot) ?? step.task
    const real: Step = { ...step, task }
    steps.push(real)
    return layout.perform(real)
  })
  for (const back of undo.toReversed()) back()
  return steps
}
