/**
 * Leaves everything alone while the cluster itself is sick: too many nodes are lost, or one more lost manager would end the
 * quorum. Then placements are accidents and every write counts. A drained node that is switched off is no sign of sickness.
 * After cluster-autoscaler's `max-total-unready-percentage`.
 */
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { all, type Brake, type Engaged } from "./Brake.ts"

/** How many further managers may fail before the quorum ends; negative without one. */
export const quorumMargin = (snapshot: Snapshot) => {
  const managers = snapshot.nodes.filter(({ manager }) => manager !== null)
  const reachable = managers.filter(({ manager }) => manager?.reachability === "reachable").length
  const majority = Math.floor(managers.length / 2) + 1
  return { managers: managers.length, reachable, majority, margin: reachable - majority }
}

export const brake: Brake = {
  name: "sick-cluster",
  decides: "whether too many nodes, or too many managers, are lost to move anything",
  settings: ["sickShare", "quorumMargin"],
  yieldsToApproval: false,
  engaged: ({ snapshot, state: { settings } }) => {
    const found: Array<Engaged> = []
    const counted = snapshot.nodes.filter(({ availability, state }) => state === "ready" || availability !== "drain")
    const lost = counted.filter(({ state }) => state !== "ready")
    if (counted.length > 0 && lost.length / counted.length > settings.sickShare)
      found.push({
        brake: "sick-cluster",
        scope: all,
        reason: `${lost.length} of ${counted.length} nodes are not ready: ${lost.map(({ hostname }) => hostname).join(", ")}`,
        untilMillis: null
      })
    const { managers, margin, reachable } = quorumMargin(snapshot)
    if (reachable < managers && margin < settings.quorumMargin)
      found.push({
        brake: "sick-cluster",
        scope: all,
        reason: `${reachable} of ${managers} managers are reachable: ${Math.max(0, margin)} more may fail before the quorum ends`,
        untilMillis: null
      })
    return found
  }
}
