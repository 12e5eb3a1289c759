/**
 * The plan around what the brakes hold, and why its first move may not begin now. Where only the very move is refused (its task
 * is too young, say), its service is set aside and the rest is planned again, so that one service does not hold up the others.
 */
import type { Plan } from "@evenkeel/domain/Plan"
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
      return move === undefined && why !== undefined
        ? { because: why.reason, plan: first, refused }
        : { because: null, plan: current, refused }
    }
    if (tries === replans || refusal.scope.kind !== "service") return { because: refusal.reason, plan: first, refused }
    coolDown.add(move.service)
    current = plan(coolDown)
  }
}
