/**
 * What must hold within an embedded Swarm at rest, beyond what the Engine API shows: agents run what the store says they run, and
 * the scheduler's running count of each node is what a count from nothing gives.
 */
import { rank, ranks } from "./States.ts"
import type { Swarm } from "@evenkeel/swarm-sim/swarm/Swarm"
import type { TaskRecord } from "@evenkeel/swarm-sim/swarm/Records"

const runs = (state: string): boolean => rank(state) >= ranks.assigned && rank(state) <= ranks.running

export const violations = (swarm: Swarm): ReadonlyArray<string> => [...agentsAgree(swarm), ...loadsAgree(swarm)]

/** Of a task's id: whether its service has a newer spec than it was made from. */
export const isSuperseded =
  ({ internals: { machine } }: Swarm): ((taskId: string) => boolean) =>
  (taskId) => {
    const task = machine.store.tasks.get(taskId)
    const service = task === undefined ? undefined : machine.store.services.get(task.serviceId)
    return task !== undefined && service !== undefined && task.template.specVersion < service.specVersion
  }

const agentsAgree = ({ internals: { fleet, machine } }: Swarm): ReadonlyArray<string> => {
  const violations: Array<string> = []
  for (const { agent, hostname, nodeId } of fleet.engines.values()) {
    // The machine of a node that was removed keeps what it ran.
    if (!machine.store.nodes.has(nodeId)) continue
    for (const [id, { report }] of agent.tasks) {
      const stored = machine.store.tasks.get(id)
      if (runs(report.state) && stored === undefined)
        violations.push(`${hostname} runs task ${id} (${report.state}), which the store does not know`)
      else if (stored !== undefined && runs(report.state) !== runs(stored.state) && !isForsaken(machine, stored))
        violations.push(`task ${id} is ${report.state} on ${hostname}; the store says ${stored.state}`)
    }
    for (const { id, state } of machine.store.tasksOnNode(nodeId))
      if (runs(state) && !agent.tasks.has(id))
        violations.push(`task ${id} is ${state}, and ${hostname} does not know it`)
  }
  return violations
}

/**
 * Rejected by the constraint enforcer when its job had begun its next iteration, or was gone: SwarmKit takes away only those tasks
 * of former iterations that have not ended (swarmkit `jobs/replicated/reconciler.go`), and its node is told nothing.
 */
const isForsaken = ({ store }: Swarm["internals"]["machine"], task: TaskRecord): boolean =>
  task.state === "rejected" &&
  task.jobIteration !== null &&
  store.services.get(task.serviceId)?.jobStatus?.iteration !== task.jobIteration

const loadsAgree = ({ internals: { machine, managers } }: Swarm): ReadonlyArray<string> => {
  const { scheduler } = managers
  if (scheduler === null) return ["nobody leads at rest"]
  const violations: Array<string> = []
  for (const [id, load] of scheduler.loads) {
    const tasks = machine.store.tasksOnNode(id).filter(({ state }) => runs(state))
    const counted = [tasks.filter(isActive).length, sumOf(tasks, "nanoCpus"), sumOf(tasks, "memoryBytes")]
    const kept = [load.activeTasks, load.reserved.nanoCpus, load.reserved.memoryBytes]
    if (counted.join() !== kept.join())
      violations.push(`the scheduler counts ${kept.join(", ")} on node ${id}; there are ${counted.join(", ")}`)
    const byService = Map.groupBy(tasks.filter(isActive), ({ serviceId }) => serviceId)
    for (const service of new Set<string>([...byService.keys(), ...load.activeByService.keys()])) {
      const [known, there] = [load.activeByService.get(service as never) ?? 0, byService.get(service)?.length ?? 0]
      if (known !== there)
        violations.push(`the scheduler counts ${known} tasks of ${service} on node ${id}; there are ${there}`)
    }
  }
  return violations
}

const isActive = ({ desired }: TaskRecord): boolean => rank(desired) <= ranks.complete

const sumOf = (tasks: ReadonlyArray<TaskRecord>, field: "nanoCpus" | "memoryBytes"): number =>
  tasks.reduce((sum, { template }) => sum + template.service.reservations[field], 0)
