/**
 * The plan around what the brakes hold, and why its first move may not begin now. Where only the very move is refused (its task
 * is too young, say), its service is set aside and the rest is planned again, so that one service does not hold up the others.
 * But what is held for a while will be moved later: a move that only makes up for it until then would have to be made back, and
 * waits instead.
 */
import type { Pausable } from "@evenkeel/domain/Pausable"
import { type Move, Plan } from "@evenkeel/domain/Plan"
import * as Simulate from "@evenkeel/domain/planner/Simulate"
import type { ServiceId } from "@evenkeel/domain/Ids"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { planningNow } from "../Decision.ts"
import type { Engaged } from "./Brake.ts"
import type { Held } from "./Brakes.ts"

export interface PlanAround {
  /** Why nothing may begin; null when the plan's first move may, or there is none. */
  readonly because: string | null
  readonly plan: Plan
  /** Brakes that refused a move of the plan. */
  readonly refused: ReadonlyArray<Engaged>
}

/** So often the rest is planned again. */
const replans = 3

/** `plan`: as `planningNow`; handed in where results are remembered. */
export function* planAround(
  held: Held,
  snapshot: Snapshot,
  nowMillis: number,
  plan: (coolDown: ReadonlySet<ServiceId>) => Pausable<Plan> = (coolDown) =>
    planningNow(snapshot, nowMillis, 0, { ...held.planner, coolDown })
): Pausable<PlanAround> {
  const coolDown = new Set(held.planner.coolDown)
  const refused: Array<Engaged> = []
  const first = yield* plan(coolDown)
  if (held.halted !== null) return { because: held.halted.reason, plan: first, refused }
  let current = first
  for (let tries = 0; ; tries++) {
    const [move] = current.moves
    const refusal = move === undefined ? null : held.refuses(move)
    if (refusal !== null) refused.push(refusal)
    if (move === undefined || refusal === null) {
      const [why] = refused
      // Nothing else helps: what would is the plan to show, and why it waits.
      if (move === undefined && why !== undefined) return { because: why.reason, plan: first, refused }
      if (move === undefined || coolDown.size === 0) return { because: null, plan: current, refused }
      const whole = yield* plan(new Set())
      const toward = yield* towards(whole, current, (moved) =>
        planningNow(Simulate.applyMove(snapshot, moved), nowMillis, 0, { ...held.planner, coolDown: new Set() })
      )
      if (toward === null) return { because: madeUp(snapshot, coolDown), plan: first, refused }
      // It may begin with another move than the one that was asked about.
      const [next] = toward.moves
      const hindrance = next === undefined || next === move ? null : held.refuses(next)
      return hindrance === null
        ? { because: null, plan: toward, refused }
        : { because: hindrance.reason, plan: first, refused: [...refused, hindrance] }
    }
    if (tries === replans || refusal.scope.kind !== "service") return { because: refusal.reason, plan: first, refused }
    coolDown.add(move.service)
    current = yield* plan(coolDown)
  }
}

const madeUp = (snapshot: Snapshot, held: ReadonlySet<ServiceId>): string => {
  const names = [...held].map((id) => snapshot.service(id)?.name ?? id).toSorted()
  const services =
    names.length === 1 ? `service ${names[0] ?? ""}, which is` : `services ${names.join(", ")}, which are`
  return `what could be moved now would only make up for ${services} held for a while, and would have to be moved back`
}

/** By the plan around what is held: the same plan is asked about at every reading while nothing changes. */
const known = new WeakMap<Plan, { readonly whole: Plan; readonly toward: Plan | null }>()

/**
 * The plan as far as it leads where the whole cluster is to go in the end (`whole`: the plan with nothing held): itself, where
 * after its first move one move fewer is left, else the one of its moves that is the whole plan's first; null where there is
 * none. `after` plans the whole cluster after a move.
 */
function* towards(whole: Plan, current: Plan, after: (move: Move) => Pausable<Plan>): Pausable<Plan | null> {
  const before = known.get(current)
  if (before?.whole === whole) return before.toward
  const [first] = current.moves
  const isSame = (a: Move) => (b: Move) => a.service === b.service && a.task === b.task && a.from === b.from
  const isProgress =
    first === undefined || whole.moves.some(isSame(first)) || (yield* after(first)).moves.length < whole.moves.length
  const [next] = whole.moves
  const shared = next === undefined ? undefined : current.moves.find(isSame(next))
  const toward = isProgress ? current : shared === undefined ? null : new Plan({ ...current, moves: [shared] }, true)
  known.set(current, { whole, toward })
  return toward
}
