/**
 * What must hold of a Swarm that was left alone with all its nodes up and active: replicas are restored, what waits has a
 * reason to wait, nothing is left of what was removed, history is bounded. Knows the Engine API's objects only.
 */
import { at, type EngineObject, numberAt, textAt } from "../EngineValue.ts"
import type { Observation } from "../Target.ts"
import { claimOf, hostPortsOf, NodeClaims } from "./Claims.ts"
import { constraintRefusal, maxReplicasOf, refusalOf } from "./Eligibility.ts"
import { isWanted, rank, ranks } from "./States.ts"

/** Tasks of a slot that are kept: as many as the Swarm's spec says, running ones included. */
const historyLimit = 5
/** SwarmKit's reaper forgets what it was about to look at when the leader changes; the slot's next task makes up for it. */
const historySlack = 2

/**
 * Whether the task (its id) was made from an older spec than its service has now: SwarmKit gives such a task up when it finds no
 * node for it once more (swarmkit `manager/scheduler/scheduler.go:noSuitableNode`; seen on Docker Engine 20.10). The Engine API
 * does not show it.
 */
export type IsSuperseded = (taskId: string) => boolean

/** The violations, each with the name of a service or node. */
export const violations = (seen: Observation, isSuperseded: IsSuperseded): ReadonlyArray<string> => {
  const byService = Map.groupBy(seen.tasks, (task) => textAt(task, "ServiceID"))
  const placing = { freeNode: placementOf(seen), isSuperseded }
  return [
    ...seen.nodes.flatMap(nodeIsReady),
    ...seen.services.flatMap((service) => {
      const tasks = byService.get(textAt(service, "ID")) ?? []
      const mode = at(service, "Spec", "Mode")
      if (at(mode, "Replicated") !== undefined) return replicasAreRestored(service, tasks, placing)
      if (at(mode, "Global") !== undefined) return globalIsEverywhere(service, tasks, seen.nodes, placing)
      return jobIsDone(service, tasks)
    }),
    ...tasksHaveServices(seen)
  ]
}

/** After all services were removed: nothing but the finished tasks of jobs. */
export const leftovers = (seen: Observation): ReadonlyArray<string> => [
  ...seen.services.map((service) => `service ${nameOf(service)} is still there`),
  ...tasksHaveServices(seen)
]

const nameOf = (service: EngineObject): string => textAt(service, "Spec", "Name")

const nodeIsReady = (node: EngineObject): ReadonlyArray<string> => {
  const state = textAt(node, "Status", "State")
  return state === "ready" ? [] : [`node ${textAt(node, "Description", "Hostname")} is ${state} at rest`]
}

/** A removed job's finished tasks stay. */
const tasksHaveServices = (seen: Observation): ReadonlyArray<string> => {
  const services = new Set(seen.services.map((service) => textAt(service, "ID")))
  return seen.tasks.flatMap((task) => {
    const state = textAt(task, "Status", "State")
    return services.has(textAt(task, "ServiceID")) || state === "complete"
      ? []
      : [`task ${textAt(task, "ID")} of a removed service is ${state} at rest`]
  })
}

interface Placing {
  /** The hostname of a node that could take the task now. */
  readonly freeNode: (task: EngineObject, service: EngineObject) => string | null
  readonly isSuperseded: IsSuperseded
}

const placementOf = (seen: Observation): Placing["freeNode"] => {
  const claims = new NodeClaims()
  const ports = new Set<string>()
  for (const task of seen.tasks) {
    const claim = claimOf(task)
    if (claim === null) continue
    claims.take(claim)
    for (const port of claim.hostPorts) ports.add(`${claim.node} ${port}`)
  }
  const takes = (node: EngineObject, task: EngineObject, service: EngineObject): boolean => {
    const id = textAt(node, "ID")
    const room = (field: string, reserved: number): boolean =>
      (numberAt(node, "Description", "Resources", field) ?? 0) - reserved >=
      (numberAt(task, "Spec", "Resources", "Reservations", field) ?? 0)
    const { memoryBytes, nanoCpus } = claims.reserved(id)
    const most = maxReplicasOf(task["Spec"])
    return (
      refusalOf(task["Spec"], node) === null &&
      room("NanoCPUs", nanoCpus) &&
      room("MemoryBytes", memoryBytes) &&
      (most === 0 || claims.active(id, textAt(task, "ServiceID")) < most) &&
      hostPortsOf(at(service, "Spec", "EndpointSpec", "Ports")).every((port) => !ports.has(`${id} ${port}`))
    )
  }
  return (task, service) => {
    const given = textAt(task, "NodeID")
    const candidates = given === "" ? seen.nodes : seen.nodes.filter((node) => node["ID"] === given)
    const free = candidates.find((node) => takes(node, task, service))
    return free === undefined ? null : textAt(free, "Description", "Hostname")
  }
}

/** A waiting task says why, and is right about it. */
const waitsRightly = (task: EngineObject, service: EngineObject, placing: Placing): ReadonlyArray<string> => {
  const id = textAt(task, "ID")
  if (placing.isSuperseded(id)) return []
  if (textAt(task, "Status", "Err") === "") return [`task ${id} of ${nameOf(service)} waits and does not say why`]
  const free = placing.freeNode(task, service)
  return free === null ? [] : [`task ${id} of ${nameOf(service)} waits, and ${free} could take it`]
}

const stateOf = (task: EngineObject): string => textAt(task, "Status", "State")

/** When it came to its state. */
const sinceMillis = (task: EngineObject): number => Date.parse(textAt(task, "Status", "Timestamp"))

const isReplica = (task: EngineObject): boolean => textAt(task, "DesiredState") === "running"

/** It is what it should be, or waits for a reason. */
const replicaIsSound = (task: EngineObject, service: EngineObject, placing: Placing): ReadonlyArray<string> => {
  const state = stateOf(task)
  if (state === "running") return []
  if (state === "pending") return waitsRightly(task, service, placing)
  return [`task ${textAt(task, "ID")} of ${nameOf(service)} is ${state} at rest`]
}

/** A service whose tasks are not restarted for ever may rest with fewer tasks than it asks for. */
const givesUp = (service: EngineObject): boolean => {
  const policy = at(service, "Spec", "TaskTemplate", "RestartPolicy")
  return policy !== undefined && (textAt(policy, "Condition") !== "any" || (numberAt(policy, "MaxAttempts") ?? 0) > 0)
}

const replicasAreRestored: (
  service: EngineObject,
  tasks: ReadonlyArray<EngineObject>,
  placing: Placing
) => ReadonlyArray<string> = (service, tasks, placing) => {
  const wanted = numberAt(service, "Spec", "Mode", "Replicated", "Replicas") ?? 0
  const replicas = tasks.filter(isReplica)
  const ended = endedSlots(tasks)
  const slots = Map.groupBy(replicas, slotOf)
  const isRestless = givesUp(service) && ended > 0 && slots.size + ended > wanted
  const settled = isRestless ? replicas.filter((task) => stateOf(task) === "pending") : replicas
  const found: Array<string> = settled.flatMap((task) => replicaIsSound(task, service, placing))
  const isFilledByEnded = isHeldUp(service, tasks) && slots.size + ended >= wanted
  const isShort = slots.size < wanted && !givesUp(service) && !isFilledByEnded
  if (isShort || slots.size > wanted)
    found.push(`service ${nameOf(service)} asks for ${wanted} tasks and has ${slots.size} at rest`)
  for (const [slot, all] of slots)
    if (all.length > 1 && !isHeldUp(service, tasks))
      found.push(`slot ${slot} of ${nameOf(service)} has ${all.length} tasks at rest`)
  if (!isRestless) found.push(...othersHaveEnded(service, tasks))
  return [...found, ...historyIsBounded(service, tasks)]
}

const slotOf = (task: EngineObject): number => numberAt(task, "Slot") ?? 0

/**
 * Slots whose tasks have ended and are not to be restarted. SwarmKit counts them among the slots of the service (swarmkit
 * `restart.go:UpdatableTasksInSlot`) and leaves it to an update to fill them, of which two things follow.
 *
 * A service may never rest. With more slots than replicas, those that are kept are ranked by copies on the node first, and only
 * then by what runs (`replicated/services.go:reconcile`): a running task may go for an ended one. An update fills that slot and
 * ends, which is a write of the service (`updater.go:completeUpdate`), upon which slots are counted once more, and so on.
 *
 * A service may stay short, where the update that is to fill them is held up: by a task without a node, or for ever by one that such
 * a count has taken away (`updater.go:updateTask`); to the same spec, posted again, no other is begun (`Supervisor.Update`).
 */
const endedSlots = (tasks: ReadonlyArray<EngineObject>): number =>
  Map.groupBy(tasks, slotOf)
    .values()
    .filter((slot) => !slot.some(isReplica) && isGivenUp(newestOf(slot)))
    .toArray().length

const newestOf = (slot: ReadonlyArray<EngineObject>): EngineObject | undefined =>
  slot.toSorted((a, b) => sinceMillis(a) - sinceMillis(b)).at(-1)

/** By the policy that it was made with; how many attempts were made is not shown. */
const isGivenUp = (task: EngineObject | undefined): boolean => {
  const policy = at(task, "Spec", "RestartPolicy")
  const condition = textAt(policy, "Condition")
  return (
    condition === "none" ||
    (condition === "on-failure" && textAt(task, "Status", "State") === "complete") ||
    (numberAt(policy, "MaxAttempts") ?? 0) > 0
  )
}

/**
 * What may leave an old task beside the new one, and a slot that has ended without one: an update that waits for a task without a
 * node or has paused, and one whose service was posted again meanwhile without a change. That takes its status away, SwarmKit
 * then does not write that it is complete, and nobody looks at the slots again (swarmkit `updater.go:completeUpdate`).
 */
const isHeldUp = (service: EngineObject, tasks: ReadonlyArray<EngineObject>): boolean => {
  const state = textAt(service, "UpdateStatus", "State")
  return (
    state === "" || state.endsWith("paused") || tasks.some((task) => isReplica(task) && stateOf(task) === "pending")
  )
}

const othersHaveEnded = (service: EngineObject, tasks: ReadonlyArray<EngineObject>): ReadonlyArray<string> =>
  tasks.flatMap((task) =>
    isReplica(task) || isOver(task)
      ? []
      : [
          `task ${textAt(task, "ID")} of ${nameOf(service)} is wanted ${textAt(task, "DesiredState")} and ${stateOf(task)} at rest`
        ]
  )

/** It has stopped, or never will run. */
const isOver = (task: EngineObject): boolean => {
  const state = rank(stateOf(task))
  return state > ranks.running || (state < ranks.assigned && !isWanted(textAt(task, "DesiredState")))
}

/**
 * The reaper looks at a slot when a task is made in it: what has ended since then stays until the next one, however much it is
 * (an update that waited for long may end many at once under a new leader). A task that is still wanted, or still runs, is no
 * history, and leaves less room for it.
 */
const historyIsBounded = (service: EngineObject, tasks: ReadonlyArray<EngineObject>): ReadonlyArray<string> => {
  const attempts = numberAt(service, "Spec", "TaskTemplate", "RestartPolicy", "MaxAttempts") ?? 0
  // The policy may have been another one when the slot was last looked at.
  const limit = Math.max(historyLimit, attempts + 1)
  return [...Map.groupBy(tasks, (task) => `${numberAt(task, "Slot") ?? textAt(task, "NodeID")}`)].flatMap(
    ([slot, all]) => {
      const lookedAt = Math.max(...all.map((task) => Date.parse(textAt(task, "CreatedAt"))))
      const over = all.filter((task) => isOver(task) && sinceMillis(task) <= lookedAt).length
      const most = historySlack + Math.max(0, limit - (all.length - over))
      return over > most ? [`slot ${slot} of ${nameOf(service)} keeps ${over} ended tasks, more than ${most}`] : []
    }
  )
}

const globalIsEverywhere = (
  service: EngineObject,
  tasks: ReadonlyArray<EngineObject>,
  nodes: ReadonlyArray<EngineObject>,
  placing: Placing
): ReadonlyArray<string> => {
  // Where there is no room the constraint enforcer rejects the task, as the one before it and the one after it.
  const isInVain = (task: EngineObject): boolean =>
    rank(textAt(task, "DesiredState")) <= ranks.running &&
    (rank(stateOf(task)) < ranks.assigned || stateOf(task) === "rejected") &&
    placing.freeNode(task, service) === null
  const replicas = tasks.filter(isReplica)
  const settled = tasks.filter((task) => !isInVain(task))
  const found: Array<string> = settled.filter(isReplica).flatMap((task) => replicaIsSound(task, service, placing))
  for (const node of nodes) {
    const here = replicas.filter((task) => task["NodeID"] === node["ID"])
    const isMeant = constraintRefusal(at(service, "Spec", "TaskTemplate"), node) === null
    const name = textAt(node, "Description", "Hostname")
    const wanting = { ServiceID: service["ID"], NodeID: node["ID"], Spec: at(service, "Spec", "TaskTemplate") }
    const isMissing = here.length === 0 && !givesUp(service) && placing.freeNode(wanting, service) !== null
    if (isMeant ? isMissing : here.length > 0)
      found.push(`global service ${nameOf(service)} has ${here.length} tasks on ${name} at rest`)
    if (here.length > 1 && !isHeldUp(service, tasks))
      found.push(`global service ${nameOf(service)} has ${here.length} tasks on ${name} at rest`)
  }
  return [...found, ...othersHaveEnded(service, settled)]
}

const jobIsDone = (service: EngineObject, tasks: ReadonlyArray<EngineObject>): ReadonlyArray<string> => {
  const total = numberAt(service, "Spec", "Mode", "ReplicatedJob", "TotalCompletions")
  if (total === undefined) return []
  const iteration = numberAt(service, "JobStatus", "JobIteration", "Index") ?? 0
  const current = tasks.filter((task) => (numberAt(task, "JobIteration", "Index") ?? 0) === iteration)
  const done = current.filter((task) => stateOf(task) === "complete").length
  const waiting = current.some((task) => stateOf(task) === "pending")
  return done === total || waiting
    ? []
    : [`job ${nameOf(service)} asks for ${total} completions and has ${done} at rest`]
}
