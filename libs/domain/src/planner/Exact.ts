/**
 * Whether a plan can be bettered, exactly: first by a bound that looks at each service's own moves (`Relaxed`), and where that
 * leaves it open by trying what moves lead to (`Search`). For small clusters; both give up where there is too much to try.
 */
import type { Pausable } from "../Pausable.ts"
import type { Bound } from "./Bound.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Limits from "./Limits.ts"
import * as MovesLeft from "./MovesLeft.ts"
import * as OwnStates from "./OwnStates.ts"
import * as Relaxed from "./Relaxed.ts"
import * as Score from "./Score.ts"
import * as Search from "./Search.ts"
import * as Symmetry from "./Symmetry.ts"

/** Tasks that may be moved times open nodes: the same before and after any move. */
const mostCells = 300
/** Placements of one service. */
const mostOwnStates = 2_000

export const isSmallEnough = ({ members, open }: Layout): boolean =>
  members.reduce((sum, { tasks }) => sum + tasks.length, 0) * open.length <= mostCells

export interface Exact {
  /** A better plan; null where there is none, or none was found. */
  readonly steps: ReadonlyArray<Step> | null
  /** Whether everything was tried. */
  readonly isComplete: boolean
  readonly bound: Bound
}

/** By a service's tasks: what it could do from there, whatever others do; null for too much. */
export type Explored = Map<Member["tasks"], OwnStates.OwnStates | null>

/** `known`: what the plan so far reaches, in how many moves. `explored` is added to, and holds for the layout after any moves. */
export function* improve(layout: Layout, bound: Bound, known: Relaxed.Outcome, explored: Explored): Pausable<Exact> {
  const { maxServiceSkew, maxGroupSkew, maxNodeSkew } = layout.policy
  const symmetry = Symmetry.of(layout)
  // With limits of 1 whatever is even enough is also best. With wider ones the nearest that keeps them is wanted.
  if (Math.max(maxServiceSkew, maxGroupSkew, maxNodeSkew) > 1) {
    const isEnough = () => Limits.areKept(layout)
    const found = yield* Search.best(
      layout,
      { bound: bound.score, movesLeft: () => 0, isEnough, known: null },
      symmetry
    )
    return { steps: found?.steps ?? null, isComplete: found !== null, bound }
  }
  const own = yield* ownStates(layout, explored)
  const relaxed = yield* Relaxed.best(layout, known, own, symmetry)
  if (relaxed !== null && Relaxed.compare(relaxed, known) >= 0) return { steps: null, isComplete: true, bound: relaxed }
  const aim = relaxed ?? bound
  // Where only fewer moves would be better, every placement that they could lead to is known.
  const goals =
    relaxed !== null && Score.compare(relaxed.score, known.score) === 0
      ? yield* Relaxed.goals(layout, { score: known.score, moves: known.moves - 1 }, own, symmetry)
      : null
  const movesLeft = goals === null ? MovesLeft.to(layout, aim.score, own) : yield* MovesLeft.toGoals(layout, goals, own)
  const found = yield* Search.best(layout, { bound: aim.score, movesLeft, isEnough: null, known }, symmetry)
  return { steps: found?.steps ?? null, isComplete: found !== null, bound: aim }
}

function* ownStates(layout: Layout, explored: Explored): Pausable<ReadonlyMap<Member, OwnStates.OwnStates>> {
  const found = new Map<Member, OwnStates.OwnStates>()
  for (const member of layout.members) {
    if (member.isSingle) continue
    const before = explored.get(member.tasks)
    const states = before === undefined ? yield* OwnStates.explore(layout, member, mostOwnStates) : before
    explored.set(member.tasks, states)
    if (states !== null) found.set(member, states)
  }
  return found
}
