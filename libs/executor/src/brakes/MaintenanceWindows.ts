/** Lets moves begin only at agreed times, where an operator has named any. A move that has begun is brought to its end. */
import * as Cron from "effect/Cron"
import * as Either from "effect/Either"
import { all, type Brake } from "./Brake.ts"
import type { MaintenanceWindow } from "./BrakeSettings.ts"

/** The first instant of the expression after this one; null where there is none (`0 0 31 2 *`). */
const nextStart = ({ cron, timeZone }: MaintenanceWindow, afterMillis: number): number | null =>
  Either.match(Cron.parse(cron, timeZone), {
    onLeft: () => null,
    onRight: (parsed) => {
      try {
        return Cron.next(parsed, new Date(afterMillis)).getTime()
      } catch {
        return null
      }
    }
  })

/** Open from the instant itself until just before it plus the duration. */
export const isOpen = (window: MaintenanceWindow, nowMillis: number): boolean => {
  const start = nextStart(window, nowMillis - window.durationMillis)
  return start !== null && start <= nowMillis
}

/** When the next of the windows opens. */
export const nextOpening = (windows: ReadonlyArray<MaintenanceWindow>, nowMillis: number): number | null => {
  const starts = windows.flatMap((window) => nextStart(window, nowMillis) ?? [])
  return starts.length === 0 ? null : Math.min(...starts)
}

export const brake: Brake = {
  name: "maintenance-window",
  decides: "whether it is a time at which moves may begin",
  settings: ["windows"],
  yieldsToApproval: true,
  engaged: ({ nowMillis, state: { settings } }) => {
    if (settings.windows.length === 0 || settings.windows.some((window) => isOpen(window, nowMillis))) return []
    const untilMillis = nextOpening(settings.windows, nowMillis)
    return [{ brake: "maintenance-window", scope: all, reason: "outside the maintenance windows", untilMillis }]
  }
}
