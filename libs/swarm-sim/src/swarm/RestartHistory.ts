/**
 * Whether a task that ended is replaced: the restart policy and its count of attempts for each slot, kept in the leader's memory
 * (swarmkit `manager/orchestrator/restart/restart.go:shouldRestart`, `RecordRestartHistory`).
 */
import type { ServiceRecord, TaskRecord } from "./Records.ts"
import { timestampOf } from "./TaskStates.ts"
import { isJob, modeOf } from "./Templates.ts"

interface SlotHistory {
  specVersion: number
  total: number
  /** When replacements were made; only with a window. */
  times: Array<number>
}

type NewTask = Pick<TaskRecord, "serviceId" | "slot" | "nodeId" | "template">

/** Tasks of replicated services by slot, others by node. */
const keyOf = (task: Pick<TaskRecord, "slot" | "nodeId">, isByNode: boolean): string =>
  isByNode ? `node ${task.nodeId}` : `slot ${task.slot}`

export class RestartHistory {
  readonly #byService = new Map<string, Map<string, SlotHistory>>()

  forget(serviceId: string): void {
    this.#byService.delete(serviceId)
  }

  /** Counts a replacement against its slot; another version of the service starts anew. */
  record(replacement: NewTask, isByNode: boolean, nowMillis: number): void {
    const { maxAttempts, windowMillis } = replacement.template.restart
    if (maxAttempts === 0) return
    const slots = this.#byService.get(replacement.serviceId) ?? new Map<string, SlotHistory>()
    this.#byService.set(replacement.serviceId, slots)
    const key = keyOf(replacement, isByNode)
    const { specVersion } = replacement.template
    const known = slots.get(key)
    const history = known?.specVersion === specVersion ? known : { specVersion, total: 0, times: [] }
    slots.set(key, history)
    history.total++
    if (windowMillis !== 0) history.times.push(nowMillis)
  }

  shouldRestart(task: TaskRecord, service: ServiceRecord): boolean {
    const { condition, maxAttempts, windowMillis } = task.template.restart
    if (condition === "none") return false
    if (task.state === "complete" && (condition === "on-failure" || isJob(service))) return false
    if (maxAttempts === 0) return true
    const history = this.#byService.get(task.serviceId)?.get(keyOf(task, modeOf(service) === "global"))
    if (history === undefined || history.specVersion !== task.template.specVersion) return true
    if (windowMillis === 0) return history.total < maxAttempts
    const timestamp = timestampOf(task)
    history.times = history.times.filter((time) => time > timestamp - windowMillis)
    return history.times.filter((time) => time < timestamp).length < maxAttempts
  }

  /**
   * The tasks of a slot that a rolling update handles: those that are wanted, else the newest one if it is not to be replaced
   * (`UpdatableTasksInSlot`). Empty for a dead slot.
   */
  updatable(slot: ReadonlyArray<TaskRecord>, service: ServiceRecord): ReadonlyArray<TaskRecord> {
    const wanted = slot.filter(({ desired }) => desired === "running" || desired === "ready" || desired === "new")
    if (wanted.length > 0 || service.updateStatus?.state === "rollback_started") return wanted
    const [first, ...rest] = slot
    if (first === undefined) return []
    const newest = rest.reduce((best, task) => (timestampOf(best) < timestampOf(task) ? task : best), first)
    return this.shouldRestart(newest, service) ? [] : [newest]
  }
}
