/**
 * What to do next about a move, from what is observed alone: the service's spec and journal, its tasks, the time. The same
 * answer serves the instance that began the move, one that restarted in the middle, and a newly elected one. Every state is
 * a function of the store, so there is nothing else to recover.
 *
 * Steps of a move: begun (spec changed, journal written) → the new task serves → `Restore` (the user's spec again) →
 * `Settle` (an unchanged update, so that `PreviousSpec` equals `Spec` and a rollback does nothing) → nothing left.
 */
import type { TaskId } from "./Ids.ts"
import * as MoveJournal from "./MoveJournal.ts"
import * as ScaleDown from "./rules/ScaleDown.ts"
import type { Service } from "./Service.ts"
import type { Snapshot } from "./Snapshot.ts"
import { stateRank, stateRanks, type Task } from "./Task.ts"

export type NextStep =
  /** No trace of a move in this service. */
  | { readonly _tag: "Nothing" }
  /** The move is under way and needs time. */
  | { readonly _tag: "Wait"; readonly because: string }
  /** Put the user's spec back; the move is done, or it is given up. */
  | { readonly _tag: "Restore"; readonly outcome: "completed" | "undone"; readonly because: string }
  /** Write the unchanged spec once more: `PreviousSpec` still holds the move. */
  | { readonly _tag: "Settle" }
  /** Neither going on nor going back is safe now: an operator should look. Asked again at every reading. */
  | { readonly _tag: "Hold"; readonly because: string }

export interface Observation {
  readonly snapshot: Snapshot
  readonly service: Service
  readonly nowMillis: number
  /** For how long the task has been seen serving by this instance, in milliseconds; null when it does not serve. */
  readonly servingForMillis: (task: TaskId) => number | null
  /** How long the new task must serve before the old one is let go. */
  readonly stabilityMillis: number
  /** This process is ending: leave the move in a safe end now if there is one. */
  readonly stopping: boolean
}

/** Update states in which any write would cancel or silently resume somebody's rollout (swarmkit `update/updater.go`). */
const rolloutStates = new Set(["updating", "paused", "rollback_started", "rollback_paused"])

/** Whether a rolling update is running or waits for a person. */
export const isRollingOut = (service: Service): boolean =>
  service.updateState !== null && rolloutStates.has(service.updateState)

/** Whether the service carries a trace of a move in its spec or in the spec a rollback would bring back. */
export const isTouched = (service: Service): boolean =>
  MoveJournal.read(service.labels)._tag !== "None" ||
  MoveJournal.findPin(service.placement.constraints) !== null ||
  previousHoldsMove(service)

const previousHoldsMove = (service: Service): boolean =>
  service.previous !== null &&
  (MoveJournal.read(service.previous.labels)._tag !== "None" ||
    MoveJournal.findPin(service.previous.constraints) !== null)

const isLive = (task: Task): boolean => stateRank(task.desired) <= stateRanks.running

/** The next step for one service. Total: answers for every spec, whoever wrote it. */
export const next = (observation: Observation): NextStep => {
  const { service } = observation
  const reading = MoveJournal.read(service.labels)
  if (reading._tag === "Found")
    return reading.journal._tag === "pin"
      ? nextOfPin(observation, reading.journal)
      : nextOfSurge(observation, reading.journal)
  if (MoveJournal.findPin(service.placement.constraints) !== null)
    return { _tag: "Restore", outcome: "undone", because: "a pin was left behind and its journal is gone" }
  if (reading._tag === "Unreadable")
    return { _tag: "Restore", outcome: "undone", because: "the journal cannot be read; its label is removed" }
  if (!previousHoldsMove(service)) return { _tag: "Nothing" }
  return isRollingOut(service)
    ? { _tag: "Wait", because: `a rollout is ${service.updateState}; the previous spec is settled after it` }
    : { _tag: "Settle" }
}

const targetProblem = (observation: Observation, journal: MoveJournal.MoveJournal): string | null => {
  const target = observation.snapshot.node(journal.to)
  if (target === undefined) return "the target node has left the Swarm"
  if (!target.isSchedulable) return `the target node ${target.hostname} is ${target.state}, ${target.availability}`
  return null
}

/**
 * A pin can be given up at any moment: without the constraint the task that runs, old or new, satisfies the placement and is
 * left alone (swarmkit `orchestrator/task.go`).
 */
const nextOfPin = (observation: Observation, journal: MoveJournal.PinJournal): NextStep => {
  const { service, snapshot } = observation
  const undo = (because: string): NextStep => ({ _tag: "Restore", outcome: "undone", because })
  const live = snapshot.tasksOfService(service.id).filter(isLive)
  const moved = live.find((task) => task.node === journal.to && task.isServing)
  const problem = targetProblem(observation, journal)
  if (problem !== null) return undo(problem)
  if (service.replicas !== 1) return undo("the service no longer asks for one replica")
  if (service.updateState === "paused") return undo("the update was paused: the new task did not stay up")
  if (service.updateState?.startsWith("rollback") === true) return undo("the update is being rolled back")
  if (moved !== undefined && live.length === 1) {
    const servingFor = observation.servingForMillis(moved.id) ?? 0
    if (servingFor >= observation.stabilityMillis || observation.stopping)
      return { _tag: "Restore", outcome: "completed", because: `the task serves on the target for ${servingFor} ms` }
    return { _tag: "Wait", because: "the new task serves; waiting until it has been stable" }
  }
  if (observation.stopping) return undo("this rebalancer is stopping before the new task serves")
  if (observation.nowMillis > journal.deadlineMillis) return undo("the new task did not serve before the deadline")
  return { _tag: "Wait", because: moved === undefined ? "the new task is starting" : "the old task is being let go" }
}

/**
 * A surge is given up only where the scale-down would take the new task: Swarm counts tasks whether or not they run, so a
 * careless scale-down takes a healthy one and keeps a broken one (swarmkit `orchestrator/replicated/services.go`).
 */
const nextOfSurge = (observation: Observation, journal: MoveJournal.SurgeJournal): NextStep => {
  const { service, snapshot } = observation
  if (service.replicas !== journal.baseline + 1)
    return { _tag: "Restore", outcome: "undone", because: "the number of replicas was changed by somebody else" }
  const live = snapshot.tasksOfService(service.id).filter(isLive)
  const added = live.filter((task) => !journal.tasks.includes(task.id))
  const victims = ScaleDown.victims(live, journal.baseline)
  const possible = new Set(victims.possible)
  const servingAfter = live.filter((task) => task.isServing && !possible.has(task.id)).length
  const takesOnlyAdded = live.every((task) => !possible.has(task.id) || added.includes(task) || !task.isServing)
  const problem = targetProblem(observation, journal)

  const wanted = new Set([journal.to, ...journal.alternatives])
  const arrived = added.find((task) => task.node !== null && wanted.has(task.node) && task.isServing)
  const takesFromDonor = live.every((task) => !possible.has(task.id) || task.node === journal.from)
  if (arrived !== undefined && takesFromDonor && servingAfter >= journal.baseline) {
    const servingFor = observation.servingForMillis(arrived.id) ?? 0
    if (servingFor >= observation.stabilityMillis || observation.stopping)
      return { _tag: "Restore", outcome: "completed", because: `the new task serves for ${servingFor} ms` }
    return { _tag: "Wait", because: "the new task serves; waiting until it has been stable" }
  }
  const expired = observation.nowMillis > journal.deadlineMillis
  const because = problem ?? (expired ? "the new task did not serve where it should before the deadline" : null)
  if (because !== null || observation.stopping) {
    if (takesOnlyAdded && live.length > 0)
      return { _tag: "Restore", outcome: "undone", because: because ?? "this rebalancer is stopping" }
    if (because !== null)
      return { _tag: "Hold", because: `${because}, and scaling back now would stop a task that serves` }
  }
  return { _tag: "Wait", because: arrived === undefined ? "the new task is starting" : "the old tasks are settling" }
}
