/**
 * The next step of a pin: one replica, kept on its target by a constraint until it has been stable there. Pure.
 *
 * A pin that is given up while both tasks are wanted, and only the old one serves, is first withdrawn: without the constraint
 * both would fit the spec, and Swarm may stop the one that serves (`moves/Hazard`). With a gap there is only the new one, and it
 * may be stuck (`moves/GapGivenUp`).
 */
import { leavesGap, type PinJournal } from "../MoveJournal.ts"
import * as GapGivenUp from "./GapGivenUp.ts"
import * as Hazard from "./Hazard.ts"
import {
  isPaused,
  isRollback,
  liveTasks,
  type NextStep,
  nodeProblem,
  type Observation,
  servesOn,
  wait
} from "./Step.ts"

export const next = (observation: Observation, journal: PinJournal): NextStep => {
  const { service, snapshot } = observation
  const live = liveTasks(observation)
  const giveUp = (because: string) => abandon(observation, journal, because)
  if (journal.withdrawn === true) return giveUp("the move was given up")
  const problem = nodeProblem(snapshot, journal.to)
  if (problem !== null) return giveUp(problem)
  if (service.replicas !== 1) return giveUp("the service no longer asks for one replica")
  if (isPaused(service)) return giveUp("the update was paused: the new task did not stay up")
  if (isRollback(service)) return giveUp("the spec was rolled back in the middle of the move")
  const moved = live.find((task) => task.node === journal.to && servesOn(snapshot, task))
  if (moved !== undefined && live.length === 1) {
    const servingFor = observation.servingForMillis(moved.id) ?? 0
    if (servingFor < observation.stabilityMillis && !observation.stopping)
      return wait("the new task serves; waiting until it has been stable")
    const because = `the task serves on the target for ${servingFor} ms`
    return { _tag: "Restore", outcome: "completed", because, journal }
  }
  if (observation.stopping) return giveUp("this process is stopping before the new task serves")
  if (observation.nowMillis > journal.deadlineMillis) return giveUp("the new task did not serve before the deadline")
  return wait(moved === undefined ? "the new task is starting" : "the old task is being let go")
}

/** Back to the user's spec, by way of a withdrawal where the step alone might cost the task that serves. */
const abandon = (observation: Observation, journal: PinJournal, because: string): NextStep => {
  const { snapshot } = observation
  const live = liveTasks(observation)
  const [atRisk] = Hazard.slotsAtRisk(snapshot, live)
  if (atRisk === undefined && leavesGap(journal)) return GapGivenUp.next(observation, journal, because)
  if (atRisk === undefined) return { _tag: "Restore", outcome: "undone", because, journal }
  const keep = atRisk.find((task) => servesOn(snapshot, task))?.node ?? journal.from
  const constraint = `node.id==${keep}`
  if (journal.withdrawn === true && observation.service.placement.constraints.includes(constraint))
    return wait(`${because}; Swarm is stopping the task that did not come up`)
  return { _tag: "Withdraw", because, journal, constraint }
}
