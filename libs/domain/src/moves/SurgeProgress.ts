/**
 * The next step of a surge: one replica more, and one fewer once the new task has been stable where it should be. Pure.
 *
 * A surge is completed only where Swarm would then stop a task of the donor. It is given up only where the scale-down costs no
 * task that serves: Swarm counts tasks whether or not they run, so a careless one stops a healthy task and keeps a broken one.
 * Where neither is safe it is held. That ends by itself: after five failures Swarm shuns the node, and a task that lands on
 * the donor, or on none, is the one that goes.
 */
import type { SurgeJournal } from "../MoveJournal.ts"
import * as ScaleDown from "../rules/ScaleDown.ts"
import * as Hazard from "./Hazard.ts"
import { hold, isRollback, liveTasks, type NextStep, nodeProblem, type Observation, servesOn, wait } from "./Step.ts"

export const next = (observation: Observation, journal: SurgeJournal): NextStep => {
  const { service, snapshot } = observation
  const { baseline } = journal
  if (service.replicas !== baseline + 1)
    return {
      _tag: "Restore",
      outcome: "undone",
      because: "the number of replicas was changed by somebody else",
      journal
    }
  const live = liveTasks(observation)
  const hazard = Hazard.ofRestore(snapshot, live, baseline)
  const added = live.filter((task) => !journal.tasks.includes(task.id))
  const wanted = new Set([journal.to, ...journal.alternatives])
  const arrived = added.find((task) => task.node !== null && wanted.has(task.node) && servesOn(snapshot, task))
  const goers = new Set(ScaleDown.victims(live, baseline).possible)
  const takesFromDonor = live.every((task) => !goers.has(task.id) || task.node === journal.from)

  if (arrived !== undefined && takesFromDonor && hazard === null) {
    const servingFor = observation.servingForMillis(arrived.id) ?? 0
    if (servingFor < observation.stabilityMillis && !observation.stopping)
      return wait("the new task serves; waiting until it has been stable")
    const because = `the new task serves for ${servingFor} ms`
    return { _tag: "Restore", outcome: "completed", because, journal }
  }
  const because = whyGiveUp(observation, journal)
  if (because === null) return wait(arrived === undefined ? "the new task is starting" : "the old tasks are settling")
  if (live.length > 0 && hazard === null) return { _tag: "Restore", outcome: "undone", because, journal }
  if (observation.stopping) return wait(`${because}; left to the next instance`)
  return hold(`${because}, and scaling back now would cost a task that serves: ${hazard ?? "no task is left"}`)
}

const whyGiveUp = (observation: Observation, journal: SurgeJournal): string | null => {
  const { service, snapshot } = observation
  if (isRollback(service)) return "the spec was rolled back onto the move"
  const problem = nodeProblem(snapshot, journal.to)
  if (problem !== null && journal.alternatives.every((node) => nodeProblem(snapshot, node) !== null)) return problem
  const wanted = new Set([journal.to, ...journal.alternatives])
  const elsewhere = liveTasks(observation).find(
    (task) =>
      !journal.tasks.includes(task.id) && servesOn(snapshot, task) && task.node !== null && !wanted.has(task.node)
  )
  if (elsewhere !== undefined && elsewhere.node !== null) {
    const hostname = snapshot.node(elsewhere.node)?.hostname ?? elsewhere.node
    return `Swarm placed the new task on ${hostname}, which was not intended`
  }
  if (observation.nowMillis > journal.deadlineMillis)
    return "the new task did not serve where it should before the deadline"
  return observation.stopping ? "this process is stopping" : null
}
