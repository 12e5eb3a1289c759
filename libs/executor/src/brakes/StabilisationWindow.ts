/** Waits until the set of nodes that take tasks has not changed for a while: a node that comes back may go again. */
import { formatDuration } from "./SettingText.ts"
import { all, type Brake } from "./Brake.ts"

export const brake: Brake = {
  name: "stabilisation",
  decides: "whether the usable nodes have been the same for long enough",
  settings: ["stabilisationMillis"],
  yieldsToApproval: true,
  engaged: ({ nowMillis, state: { settings, stability } }) => {
    const untilMillis = stability.nodesUnchangedSinceMillis + settings.stabilisationMillis
    if (nowMillis >= untilMillis) return []
    const reason = `the usable nodes changed lately: waiting for ${formatDuration(settings.stabilisationMillis)} of calm`
    return [{ brake: "stabilisation", scope: all, reason, untilMillis }]
  }
}
