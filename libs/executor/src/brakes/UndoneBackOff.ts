/**
 * Leaves a service alone for a while after a move of it was undone, each further time in a row twice as long: what stood in
 * the way (a broken image, a target that does not start it) is likely to stand there still.
 */
import type { ServiceId } from "@evenkeel/domain/Ids"
import type { Brake, Engaged } from "./Brake.ts"
import { hourMillis } from "./Pacing.ts"
import type { PastMove } from "./MoveHistory.ts"

/** However often, it is tried again after an hour. */
const maxBackOffMillis = hourMillis

/** When a service may be moved again; null when nothing speaks against it. `moves` are its own, newest first. */
const untilOf = (
  moves: ReadonlyArray<PastMove>,
  backOffMillis: number
): { undone: number; untilMillis: number } | null => {
  const last = moves[0]
  const completed = moves.findIndex(({ outcome }) => outcome === "completed")
  const undone = completed < 0 ? moves.length : completed
  if (last === undefined || undone === 0) return null
  return { undone, untilMillis: last.endedAtMillis + Math.min(maxBackOffMillis, backOffMillis * 2 ** (undone - 1)) }
}

export const brake: Brake = {
  name: "undone-back-off",
  decides: "whether a service's last moves were undone a short while ago",
  settings: ["undoneBackOffMillis"],
  yieldsToApproval: true,
  engaged: ({ nowMillis, snapshot, state: { history, settings } }) =>
    [...Map.groupBy(history, ({ service }): ServiceId => service)].flatMap(([id, moves]): Array<Engaged> => {
      const service = snapshot.service(id)
      const back = untilOf(moves, settings.undoneBackOffMillis)
      if (service === undefined || back === null || nowMillis >= back.untilMillis) return []
      const { name } = service
      const times = back.undone === 1 ? "its last move was" : `its last ${back.undone} moves were`
      const reason = `service ${name} is left alone for a while: ${times} undone`
      return [
        {
          brake: "undone-back-off",
          scope: { kind: "service", service: id, name },
          reason,
          untilMillis: back.untilMillis
        }
      ]
    })
}
