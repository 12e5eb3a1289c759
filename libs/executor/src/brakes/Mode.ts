/** The brake that is on by default: a rebalancer that nobody told to act only shows what it would do. */
import { all, type Brake } from "./Brake.ts"

export const brake: Brake = {
  name: "mode",
  decides: "whether anything is moved at all",
  settings: ["mode"],
  yieldsToApproval: true,
  engaged: ({ state }) =>
    state.settings.mode === "act"
      ? []
      : [{ brake: "mode", scope: all, reason: "mode is observe: plans are shown, nothing is moved", untilMillis: null }]
}
