/**
 * Deletes tasks that are history: beyond the limit for each slot, and those wanted gone that have stopped (swarmkit
 * `manager/orchestrator/taskreaper/task_reaper.go`).
 */
import { numberAt } from "./Json.ts"
import { type Machine, type Scope, Wake } from "./Machine.ts"
import type { TaskRecord } from "./Records.ts"
import { stateRanks } from "@evenkeel/domain/Task"
import { hasEnded, isWanted, timestampOf } from "./TaskStates.ts"
import { modeOf } from "./Templates.ts"

interface Place {
  readonly serviceId: string
  readonly slot: number
  readonly nodeId: string
}

const defaultHistoryLimit = 5

const isUnassigned = ({ state }: TaskRecord): boolean => stateRanks[state] < stateRanks.assigned

const isGone = (task: TaskRecord): boolean =>
  task.desired === "remove" && (isUnassigned(task) || stateRanks[task.state] >= stateRanks.complete)

export class TaskReaper {
  readonly #machine: Machine
  readonly #wake: Wake
  readonly #dirty = new Map<string, Place>()
  readonly #gone = new Set<string>()

  constructor(machine: Machine, scope: Scope) {
    this.#machine = machine
    this.#wake = new Wake(scope, machine.timings.reaperBatch, () => this.#tick())
    scope.watch(machine.store, (changes) => {
      for (const { after, before } of changes) {
        if (after?.kind !== "task") continue
        if (before === null)
          this.#dirty.set(`${after.serviceId}/${after.slot}/${after.nodeId}`, {
            serviceId: after.serviceId,
            slot: after.slot,
            nodeId: after.nodeId
          })
        else if (isGone(after)) this.#gone.add(after.id)
      }
      if (this.#dirty.size > 0 || this.#gone.size > 0) this.#wake.request()
    })
  }

  start(): void {
    for (const task of this.#machine.store.tasks.values()) if (isGone(task)) this.#gone.add(task.id)
    if (this.#gone.size > 0) this.#wake.request()
  }

  #tick(): void {
    const { store } = this.#machine
    const doomed = new Set(this.#gone)
    this.#gone.clear()
    for (const [key, place] of this.#dirty) if (!this.#collect(place, doomed)) this.#dirty.delete(key)
    store.update((transaction) => {
      for (const id of doomed) {
        const task = store.tasks.get(id)
        if (task !== undefined) transaction.remove(task)
      }
    })
  }

  /** Adds what is beyond the limit; answers whether the place must be looked at again. */
  #collect({ nodeId, serviceId, slot }: Place, doomed: Set<string>): boolean {
    const { store } = this.#machine
    const service = store.services.get(serviceId)
    if (service === undefined) return false
    const maxAttempts = numberAt(service.spec, "TaskTemplate", "RestartPolicy", "MaxAttempts") ?? 0
    const limit =
      maxAttempts > 0
        ? maxAttempts + 1
        : (numberAt(store.cluster.spec, "Orchestration", "TaskHistoryRetentionLimit") ?? defaultHistoryLimit)
    if (limit < 0) return false
    const mode = modeOf(service)
    const history =
      mode === "replicated"
        ? store.tasksOfSlot(serviceId, slot)
        : mode === "global"
          ? store.tasksOnNode(nodeId).filter((task) => task.serviceId === serviceId)
          : []
    let surplus = history.length - limit
    if (surplus <= 0) return false
    let running = 0
    for (const task of history.toSorted((a, b) => timestampOf(a) - timestampOf(b) || a.sequence - b.sequence)) {
      if (hasEnded(task) || (isUnassigned(task) && !isWanted(task))) {
        doomed.add(task.id)
        surplus--
        if (surplus === 0) break
      } else running++
    }
    return running > 1
  }
}
