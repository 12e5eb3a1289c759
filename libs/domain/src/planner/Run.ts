/**
 * Finds the moves of a plan, one after the other, each as a function of the placement at its turn: so that a plan made after
 * some of them finds the others. First the services that are uneven by themselves (`Spread`), then the services of one replica
 * as a whole (`Pins`) where the cluster is small enough for that, then whatever single move helps (`Descent`), then exchanges
 * (`Exchange`). Where the result is not provably best and the cluster is tiny, every reachable placement is tried (`Search`).
 */
import type { Pausable } from "../Pausable.ts"
import * as Bound from "./Bound.ts"
import * as Descent from "./Descent.ts"
import * as Exact from "./Exact.ts"
import * as Exchange from "./Exchange.ts"
import type { Layout, Step } from "./Layout.ts"
import * as Limits from "./Limits.ts"
import * as Pins from "./Pins.ts"
import * as Score from "./Score.ts"
import { Spread } from "./Spread.ts"

export interface Result {
  readonly steps: ReadonlyArray<Step>
  readonly bound: Bound.Bound
  /** The score after all steps. */
  readonly reached: Score.Score
  readonly isProved: boolean
}

/** The layout is left as it was. `explored`: what is known from looking at it before. */
export function* run(layout: Layout, explored: Exact.Explored = new Map()): Pausable<Result> {
  const before = layout.score()
  const bound = Bound.of(layout)
  if (Limits.areKept(layout)) return { steps: [], bound, reached: before, isProved: true }
  const steps = yield* stepByStep(layout)
  const reached = scoreAfter(layout, steps)
  const meetsBound = Score.compare(reached, bound.score) <= 0 && steps.length <= bound.moves
  if (meetsBound || !Exact.isSmallEnough(layout)) return { steps, bound, reached, isProved: meetsBound }
  const exact = yield* Exact.improve(layout, bound, { score: reached, moves: steps.length }, explored)
  if (exact.steps !== null) {
    const ordered = yield* inHelpfulOrder(layout, exact.steps)
    return { steps: ordered, bound: exact.bound, reached: scoreAfter(layout, ordered), isProved: true }
  }
  const [first] = steps
  if (exact.isComplete || first === undefined) return { steps, bound: exact.bound, reached, isProved: exact.isComplete }
  // Given up here, but it may be within its reach a step further: then the plan that is made there is this one's rest.
  const back = layout.perform(first)
  const rest = yield* run(layout, explored)
  back()
  const all = [first, ...rest.steps]
  const isBest = Score.compare(rest.reached, exact.bound.score) <= 0 && all.length <= exact.bound.moves
  return { steps: all, bound: exact.bound, reached: rest.reached, isProved: isBest }
}

/** The same pins, as far as there is room the one that helps most first: so that a plan left half-way has done most of its good. */
function* inHelpfulOrder(layout: Layout, steps: ReadonlyArray<Step>): Pausable<ReadonlyArray<Step>> {
  const isReorderable =
    steps.every(({ strategy }) => strategy === "pin") &&
    new Set(steps.map(({ member }) => member)).size === steps.length
  if (!isReorderable) return steps
  const { steps: ordered, isComplete } = yield* Pins.inOrder(layout, steps)
  return isComplete ? ordered : steps
}

const scoreAfter = (layout: Layout, steps: ReadonlyArray<Step>): Score.Score => {
  const undo = steps.map((step) => layout.perform(step))
  const score = layout.score()
  for (const back of undo.toReversed()) back()
  return score
}

/**
 * Every step from `Spread` and `Descent` lowers the score, and so does every series from `Pins` and every exchange as a whole;
 * so this ends.
 */
function* stepByStep(layout: Layout): Pausable<ReadonlyArray<Step>> {
  const walk = new Walk(layout)
  const mayExchange = Exchange.isSmallEnough(layout)
  yield* walk.untilStuck()
  while (mayExchange && !Limits.areSharedKept(layout)) {
    const exchange = yield* bestExchange(layout)
    if (exchange === null) break
    for (const step of exchange) walk.perform(step)
    yield* walk.untilStuck()
  }
  walk.takeBack()
  return walk.steps
}

/** The first exchange after which what would follow by itself leads to something better than what there is now. */
function* bestExchange(layout: Layout): Pausable<ReadonlyArray<Step> | null> {
  const before = layout.score()
  for (const first of yield* Exchange.beginnings(layout)) {
    const walk = new Walk(layout)
    walk.perform(first)
    yield* walk.untilStuck()
    const isBetter = Score.compare(layout.score(), before) < 0
    walk.takeBack()
    if (isBetter) return walk.steps
  }
  return null
}

/** Steps made one after the other, which can be taken back together. */
class Walk {
  readonly steps: Array<Step> = []
  readonly #layout: Layout
  readonly #undo: Array<() => void> = []
  readonly #spread: Spread
  readonly #mayAssign: boolean

  constructor(layout: Layout) {
    this.#layout = layout
    this.#spread = new Spread(layout)
    this.#mayAssign = Pins.isSmallEnough(layout)
  }

  perform(step: Step): void {
    this.steps.push(step)
    this.#undo.push(this.#layout.perform(step))
    this.#spread.changed(step.member)
  }

  takeBack(): void {
    for (const back of this.#undo.toReversed()) back()
    this.#undo.length = 0
  }

  /** Makes every step that helps without an exchange, until the limits are kept or there is none. */
  *untilStuck(): Pausable<void> {
    let pending: ReadonlyArray<Step> = []
    for (;;) {
      const own = yield* this.#spread.next()
      if (own !== null) pending = []
      else if (!Limits.areSharedKept(this.#layout) && pending.length === 0 && this.#mayAssign)
        pending = (yield* Pins.solve(this.#layout)) ?? []
      const step =
        own ?? (Limits.areSharedKept(this.#layout) ? null : (pending[0] ?? (yield* Descent.next(this.#layout))))
      if (own === null) pending = pending.slice(1)
      if (step !== null) this.perform(step)
      else if (!this.#spread.reconsider()) return
    }
  }
}
