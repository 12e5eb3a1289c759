/**
 * The plan around what the brakes hold, and why its first move may not begin now. Where only the very move is refused (its task
 * is too young, say), its service is set aside and the rest is planned again, so that one service does not hold up the others.
 * But what is held for a while will be moved later: a move that only makes up for it until then would have to be made back, and
 * waits instead.
 */
import { type Move, Plan } from "@evenkeel/domain/Plan"
import * as Simulate from "@evenkeel/domain/planner/Simulate"
import type { ServiceId } from "@evenkeel/domain/Ids"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { planNow } from "../Decision.ts"
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

/** `plan`: as `planNow`; handed in where results are remembered. */
export const planAround = (
  held: Held,
  snapshot: Snapshot,
  nowMillis: number,
  plan: (coolDown: ReadonlySet<ServiceId>) => Plan = (coolDown) =>
    planNow(snapshot, nowMillis, 0, { ...held.planner, coolDown })
): PlanAround => {
  const coolDown = new Set(held.planner.coolDown)
  const refused: Array<Engaged> = []
  const first = plan(coolDown)
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
      const whole = plan(new Set())
      const toward = towards(whole, current, (moved) =>
        planNow(Simulate.applyMove(snapshot, moved), nowMillis, 0, { ...held.planner, coolDown: new Set() })
      )
      return toward === null
        ? { because: madeUp(snapshot, coolDown), plan: first, refused }
        : { because: null, plan: toward, refused }
    }
    if (tries === replans || refusal.scope.kind !== "service") return { because: refusal.reason, plan: first, refused }
    coolDown.add(move.service)
    current = plan(coolDown)
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
const towards = (whole: Plan, current: Plan, after: (move: Move) => Plan): Plan | null => {
  const before = known.get(current)
  if (before?.whole === whole) return before.toward
  const [first] = current.moves
  const isSame = (a: Move) => (b: Move) => a.service === b.service && a.task === b.task && a.from === b.from
  const isProgress = (move: Move) => whole.moves.some(isSame(move)) || after(move).moves.length < whole.moves.length
  const [next] = whole.moves
  const shared = next === undefined ? undefined : current.moves.find(isSame(next))
  const toward =
    first === undefined || isProgress(first)
      ? current
      : shared === undefined
        ? null
        : new Plan({ ...current, moves: [shared] }, true)
  known.set(current, { whole, toward })
  return toward
}
