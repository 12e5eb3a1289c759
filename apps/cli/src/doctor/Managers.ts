/** Whether the Swarm can lose a manager. */
import { quorumMargin } from "@evenkeel/executor/brakes/SickCluster"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { type Finding, ok, problem, warning } from "./Finding.ts"

const check = "managers"

export const findings = (snapshot: Snapshot): ReadonlyArray<Finding> => {
  const { managers, margin, reachable } = quorumMargin(snapshot)
  const count = `${reachable} of ${managers} managers are reachable`
  if (margin < 0)
    return [
      problem(
        check,
        "swarm",
        `${count}: there is no quorum, and nothing can be changed`,
        "bring managers back until more than half are reachable"
      )
    ]
  if (margin === 0 && reachable < managers)
    return [
      problem(
        check,
        "swarm",
        `${count}: if one more is lost there is no quorum`,
        "bring the lost manager back, or remove it for good: docker node demote, docker node rm"
      )
    ]
  if (managers < 3)
    return [
      warning(
        check,
        "swarm",
        `${managers === 1 ? "there is one manager" : "there are two managers"}: none may fail`,
        "promote workers until there are three: docker node promote"
      )
    ]
  if (managers % 2 === 0)
    return [
      warning(
        check,
        "swarm",
        `${managers} managers bear the loss of ${margin}, no more than ${managers - 1} would`,
        "have an odd number of managers"
      )
    ]
  return [ok(check, "swarm", `${count}: ${margin} may fail`)]
}
