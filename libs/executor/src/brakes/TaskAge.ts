/** Leaves a task alone that has only just been made: Swarm, or a person, may not be done with it. */
import { formatDuration } from "./SettingText.ts"
import type { Brake } from "./Brake.ts"

export const brake: Brake = {
  name: "task-age",
  decides: "whether the very task is old enough to be moved",
  settings: ["taskAgeMillis"],
  yieldsToApproval: true,
  engaged: () => [],
  refuses: (move, { nowMillis, snapshot, state: { settings } }) => {
    const task = snapshot.task(move.task)
    // An age of 0 holds nothing, also where the clock that Swarm wrote by is ahead of this one.
    if (task === undefined || settings.taskAgeMillis === 0) return null
    const untilMillis = Date.parse(task.createdAt) + settings.taskAgeMillis
    if (Number.isNaN(untilMillis) || nowMillis >= untilMillis) return null
    return {
      brake: "task-age",
      scope: { kind: "service", service: move.service, name: move.serviceName },
      reason: `a task of service ${move.serviceName} is younger than ${formatDuration(settings.taskAgeMillis)}`,
      untilMillis
    }
  }
}
