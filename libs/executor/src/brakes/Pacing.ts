/** How many moves at once, in a row and in an hour. Counted over the whole cluster; moves that were undone count too. */
import { all, type Brake, type BrakeInput } from "./Brake.ts"
import { formatDuration } from "./SettingText.ts"
import * as OpenMoves from "./OpenMoves.ts"
import * as TokenBucket from "./TokenBucket.ts"

const startTimes = (input: BrakeInput) => OpenMoves.starts(input).map(({ atMillis }) => atMillis)

export const hourMillis = 3_600_000

export const atOnce: Brake = {
  name: "moves-at-once",
  decides: "whether as many moves are under way as may be",
  settings: ["movesAtOnce"],
  yieldsToApproval: false,
  engaged: ({ snapshot, state: { settings } }) => {
    const open = OpenMoves.of(snapshot).length
    if (open < settings.movesAtOnce) return []
    const reason = open === 1 ? "one move is under way" : `${open} moves are under way`
    return [{ brake: "moves-at-once", scope: all, reason, untilMillis: null }]
  }
}

export const perCycle: Brake = {
  name: "moves-per-cycle",
  decides: "whether enough moves have begun in a row",
  settings: ["movesPerCycle", "cycleMillis"],
  yieldsToApproval: true,
  engaged: (input) => {
    const { cycleMillis, movesPerCycle } = input.state.settings
    const bucket = { capacity: movesPerCycle, fillMillis: cycleMillis }
    const untilMillis = TokenBucket.nextTokenMillis(bucket, startTimes(input), input.nowMillis)
    if (untilMillis === null) return []
    const reason = `${movesPerCycle} moves have begun in a row: going on at that many in ${formatDuration(cycleMillis)}`
    return [{ brake: "moves-per-cycle", scope: all, reason, untilMillis }]
  }
}

export const perHour: Brake = {
  name: "moves-per-hour",
  decides: "whether enough moves have begun in an hour",
  settings: ["movesPerHour"],
  yieldsToApproval: true,
  engaged: (input) => {
    const { movesPerHour } = input.state.settings
    const bucket = { capacity: movesPerHour, fillMillis: hourMillis }
    const untilMillis = TokenBucket.nextTokenMillis(bucket, startTimes(input), input.nowMillis)
    if (untilMillis === null) return []
    const reason = `${movesPerHour} moves have begun: going on at that many in an hour`
    return [{ brake: "moves-per-hour", scope: all, reason, untilMillis }]
  }
}
