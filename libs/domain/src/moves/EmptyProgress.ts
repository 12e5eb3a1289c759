/**
 * The next step of an empty: the tasks of one service leave a node, each after its successor serves elsewhere, or with a gap
 * before it does (`moves/GapGivenUp`). Pure.
 *
 * Given up, it is first withdrawn where a slot holds a task that serves beside one that does not: the constraint then names
 * the node on which the new one does not come up. Where more than one node is in the way, or that node also has tasks that
 * serve, it is held: Swarm itself shuns a node after five failures, and the next reading asks again.
 */
import type { NodeId } from "../Ids.ts"
import { type EmptyJournal, leavesGap } from "../MoveJournal.ts"
import type { Task } from "../Task.ts"
import * as GapGivenUp from "./GapGivenUp.ts"
import * as Hazard from "./Hazard.ts"
import { hold, isPaused, isRollback, liveTasks, type NextStep, type Observation, servesOn, wait } from "./Step.ts"

export const next = (observation: Observation, journal: EmptyJournal): NextStep => {
  const { service, snapshot } = observation
  const live = liveTasks(observation)
  const giveUp = (because: string) => abandon(observation, journal, because)
  if (journal.withdrawn === true) return giveUp("the move was given up")
  if (service.replicas !== journal.baseline) return giveUp("the number of replicas was changed by somebody else")
  if (isPaused(service)) return giveUp("the update was paused: a new task did not stay up")
  if (isRollback(service)) return giveUp("the spec was rolled back in the middle of the move")
  const left = live.filter((task) => task.node === journal.from)
  const serving = live.filter((task) => servesOn(snapshot, task))
  if (left.length === 0 && live.length === journal.baseline && serving.length === live.length) {
    const servingFor = Math.min(...live.map((task) => observation.servingForMillis(task.id) ?? 0))
    if (servingFor < observation.stabilityMillis && !observation.stopping)
      return wait("the node is left; waiting until the new tasks have been stable")
    const because = `all ${live.length} tasks serve elsewhere for ${servingFor} ms`
    return { _tag: "Restore", outcome: "completed", because, journal }
  }
  if (observation.stopping) return giveUp("this process is stopping before the node is left")
  if (observation.nowMillis > journal.deadlineMillis) return giveUp("the node was not left before the deadline")
  return wait(left.length === 0 ? "the new tasks are starting" : `${left.length} of its tasks are still to leave`)
}

const abandon = (observation: Observation, journal: EmptyJournal, because: string): NextStep => {
  const { service, snapshot } = observation
  const live = liveTasks(observation)
  const atRisk = Hazard.slotsAtRisk(snapshot, live)
  if (atRisk.length === 0 && leavesGap(journal)) return GapGivenUp.next(observation, journal, because)
  if (atRisk.length === 0) return { _tag: "Restore", outcome: "undone", because, journal }
  const broken = atRisk.flat().filter((task) => !servesOn(snapshot, task))
  const inTheWay = nodesOf(broken)
  const [node] = inTheWay
  const isOneNode = inTheWay.length === 1 && node !== undefined && node !== journal.from
  if (!isOneNode || live.some((task) => task.node === node && servesOn(snapshot, task)))
    return hold(`${because}, and giving the spec back now might stop a task that serves`)
  const constraint = `node.id!=${node}`
  if (service.placement.constraints.includes(constraint))
    return wait(`${because}; Swarm is stopping the tasks that did not come up`)
  return { _tag: "Withdraw", because, journal, constraint }
}

const nodesOf = (tasks: ReadonlyArray<Task>): ReadonlyArray<NodeId> => [
  ...new Set(tasks.flatMap(({ node }) => (node === null ? [] : [node])))
]
