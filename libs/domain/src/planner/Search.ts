/**
 * Every placement that moves lead to, tried in the order of the moves it takes: the exact answer where there are so few
 * placements that this is quick. Used when the quicker ways have not provably found the best plan.
 */
import { firstFreeSlot } from "../rules/ScaleDown.ts"
import type { Task } from "../Task.ts"
import type { Layout, Step } from "./Layout.ts"
import * as Score from "./Score.ts"
import * as Steps from "./Steps.ts"

/** Placements of all services, each for itself, multiplied: the same before and after any move. */
const mostPlacements = 4_096
/** Services of several tasks have more states than placements, since slots matter too. */
const mostStates = 20_000

export const isSmallEnough = (layout: Layout): boolean => {
  let placements = 1
  for (const { nodes, tasks } of layout.members) {
    placements *= ways(tasks.length, nodes.indexes.length)
    if (placements > mostPlacements) return false
  }
  return true
}

/** In how many ways a number of like tasks lies on a number of nodes. */
const ways = (tasks: number, nodes: number): number => {
  let product = 1
  for (let i = 1; i <= tasks; i++) product = (product * (nodes - 1 + i)) / i
  return Math.max(1, product)
}

/** A step by names that hold in every state, since each visit makes its tasks anew. */
interface Recorded {
  readonly step: Step
  readonly slot: number
}

interface State {
  readonly path: ReadonlyArray<Recorded>
  readonly score: Score.Score
  readonly cost: number
}

export interface Aim {
  /** No placement has a smaller score. */
  readonly bound: Score.Score
  /** Whether the layout, as it stands, is even enough. */
  readonly isEnough: () => boolean
}

/**
 * The fewest moves to a placement that is even enough, or, where none can be reached, to the best there is; among equally
 * many the cheapest. Null when there are too many states after all.
 */
export const best = (layout: Layout, { bound, isEnough }: Aim): ReadonlyArray<Step> | null => {
  if (isEnough()) return []
  const { maxServiceSkew, maxGroupSkew, maxNodeSkew } = layout.policy
  // With limits of 1 whatever is even enough is also best, so that only an improvement needs to be asked.
  const hasWideLimits = Math.max(maxServiceSkew, maxGroupSkew, maxNodeSkew) > 1
  const start: State = { path: [], score: layout.score(), cost: 0 }
  const seen = new Set([layout.members.map(({ tasks }) => keyOfTasks(tasks)).join(";")])
  let found = start
  let ring: ReadonlyArray<State> = [start]
  while (ring.length > 0) {
    const next = new Map<string, State>()
    let isDone = false
    const consider = (state: State, step: Step, key: string) => {
      const reached = stateAfter(layout, state, step)
      const known = next.get(key)
      if (known !== undefined && known.cost <= reached.cost) return
      next.set(key, reached)
      const order = Score.compare(reached.score, found.score)
      const isGoal =
        Score.compare(reached.score, bound) <= 0 ||
        ((order < 0 || hasWideLimits) && isEnoughAfter(layout, step, isEnough))
      const isCheaper = order === 0 && reached.path.length === found.path.length && reached.cost < found.cost
      if (isGoal ? !isDone || order < 0 || isCheaper : !isDone && (order < 0 || isCheaper)) found = reached
      isDone ||= isGoal
    }
    for (const state of ring)
      visit(layout, state.path, () => {
        const keys = layout.members.map(({ tasks }) => keyOfTasks(tasks))
        for (const [i, member] of layout.members.entries())
          for (const step of Steps.of(layout, member)) {
            const key = keys.with(i, keyOfTasks(tasksAfter(layout, step))).join(";")
            if (!seen.has(key)) consider(state, step, key)
          }
      })
    if (isDone) break
    for (const key of next.keys()) seen.add(key)
    if (seen.size > mostStates) return null
    ring = [...next.values()]
  }
  return replayed(layout, found.path)
}

const isEnoughAfter = (layout: Layout, step: Step, isEnough: () => boolean): boolean => {
  const undo = layout.perform(step)
  const is = isEnough()
  undo()
  return is
}

const stateAfter = (layout: Layout, { path, score, cost }: State, step: Step): State => {
  const { delta } = Steps.rate(layout, step)
  return {
    path: [...path, { step, slot: step.task.slot }],
    score: Score.plus(score, delta),
    cost: cost + step.member.cost + Steps.ageOf(layout, step.task) / 1000
  }
}

type Place = Pick<Task, "slot" | "node">

const tasksAfter = (layout: Layout, { member, strategy, task, to }: Step): ReadonlyArray<Place> => {
  const node = layout.at(to).id
  const slot = strategy === "surge" ? firstFreeSlot(member.tasks) : task.slot
  return member.tasks.map((each) => (each === task ? { slot, node } : each))
}

const keyOfTasks = (tasks: ReadonlyArray<Place>): string => {
  const [first, second] = tasks
  if (second === undefined) return first?.node ?? ""
  return tasks
    .map(({ slot, node }) => `${slot} ${node}`)
    .toSorted()
    .join(",")
}

/** The steps of a path, each with the task that it finds; the layout is left as it was. */
const replayed = (layout: Layout, path: ReadonlyArray<Recorded>): ReadonlyArray<Step> => {
  const steps: Array<Step> = []
  const undo = path.map(({ step, slot }) => {
    const task = step.member.tasks.find((each) => each.slot === slot) ?? step.task
    const real: Step = { ...step, task }
    steps.push(real)
    return layout.perform(real)
  })
  for (const back of undo.toReversed()) back()
  return steps
}

const visit = (layout: Layout, path: ReadonlyArray<Recorded>, look: () => void): void => {
  const undo = path.map(({ step, slot }) => {
    const task = step.member.tasks.find((each) => each.slot === slot) ?? step.task
    return layout.perform({ ...step, task })
  })
  look()
  for (const back of undo.toReversed()) back()
}
