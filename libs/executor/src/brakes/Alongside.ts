/**
 * The next move beside those under way, where more than one at a time is allowed. It comes from the plan that the first of them
 * came from: a plan made in the middle of a move would count tasks twice. Only moves of services and between nodes that have
 * not changed since.
 */
import type { Move, Plan } from "@evenkeel/domain/Plan"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Held } from "./Brakes.ts"
import * as OpenMoves from "./OpenMoves.ts"

/** `left`: the plan's moves that have not begun, in order. Null when none may begin now. */
export const next = (plan: Plan, left: ReadonlyArray<Move>, held: Held, snapshot: Snapshot): Move | null => {
  if (held.halted !== null) return null
  const underWay = new Set(OpenMoves.of(snapshot).map(({ service }) => service.id))
  const touched = snapshot.services.filter(MoveProgress.isTouched)
  // Something is left of a move that nobody counts: it is cleared first.
  if (underWay.size === 0 || touched.some(({ id }) => !underWay.has(id))) return null
  const [move] = left
  if (move === undefined || underWay.has(move.service)) return null
  const { coolDown, excludedNodes, pausedServices } = held.planner
  const versions = new Map(plan.basedOn.services.map(({ service, version }) => [service, version]))
  const isHeld =
    coolDown.has(move.service) ||
    pausedServices.has(move.service) ||
    [move.from, move.to].some((id) => excludedNodes.has(id) || snapshot.node(id)?.isSchedulable !== true)
  const isUnchanged = snapshot.service(move.service)?.version === versions.get(move.service)
  return isHeld || !isUnchanged || held.refuses(move) !== null ? null : move
}
