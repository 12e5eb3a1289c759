/**
 * The update of one slot (swarmkit `manager/orchestrator/update/updater.go:worker`, `updateTask`, `useExistingTask`): a new task
 * beside or after the old one, or a task that is clean already instead of the others. When to update which slot is `Updater`'s
 * matter.
 */
import { isTaskDirty } from "@evenkeel/domain/rules/Dirtiness"
import { stateRanks } from "@evenkeel/domain/Task"
import type { Machine } from "./Machine.ts"
import type { ServiceRecord, TaskRecord } from "./Records.ts"
import type { Restarts } from "./Restarts.ts"
import type { Transaction } from "./Store.ts"
import { hasEnded, isWanted, newTask } from "./TaskStates.ts"
import type { TaskWatch } from "./TaskWatch.ts"
import { modeOf, nodeOf, serviceOf, taskOf } from "./Templates.ts"

/** Tasks of one slot, or of one node for a global service; at least one. */
export type Slot = ReadonlyArray<TaskRecord>

export const isDirty = ({ store }: Machine, service: ServiceRecord, task: TaskRecord): boolean => {
  const node = store.nodes.get(task.nodeId)
  return isTaskDirty({
    service: serviceOf(service),
    task: taskOf(task),
    node: node === undefined ? undefined : nodeOf(node),
    taskEndpointSpec: task.template.endpointSpec ?? null
  })
}

export interface SlotUpdate {
  readonly machine: Machine
  readonly restarts: Restarts
  readonly watch: TaskWatch
  readonly service: ServiceRecord
  readonly order: "start-first" | "stop-first"
  /** Told of each task that the update makes, and of the time at which it reached RUNNING or ended. */
  readonly onCreated: (id: string) => void
  readonly onSettled: (id: string) => void
  /** What must be undone when the update is cancelled. */
  readonly onCancel: (dispose: () => void) => void
  readonly schedule: (action: () => void) => void
}

/** Updates the slot and calls `done` when the next one may follow. */
export const updateSlot = (update: SlotUpdate, slot: Slot, done: () => void): void => {
  const clean = slot.filter((task) => !isDirty(update.machine, update.service, task))
  const existing =
    clean.find(({ desired }) => desired === "running") ??
    clean.findLast(({ desired }) => stateRanks[desired] < stateRanks.running)
  if (existing === undefined) replace(update, slot, done)
  else keep(update, slot, existing, done)
}

const replace = (update: SlotUpdate, slot: Slot, done: () => void): void => {
  const { machine, restarts, service, watch } = update
  const [first] = slot
  if (first === undefined || !machine.store.services.has(service.id)) return done()
  const isGlobal = modeOf(service) === "global"
  const task = newTask(machine, service, first.slot, isGlobal ? first.nodeId : "", "ready")
  update.onCreated(task.id)
  let isReleased = false
  const follow = (after: TaskRecord | null) => {
    if (!isReleased || after === null || stateRanks[after.state] < stateRanks.running) return
    unwatch()
    update.onSettled(task.id)
    update.schedule(() => {
      if (update.order === "start-first" && after.state === "running")
        machine.store.update((transaction) => void endOld(machine, transaction, slot))
      done()
    })
  }
  const unwatch = watch.task(task.id, follow)
  update.onCancel(unwatch)
  const release = () => {
    isReleased = true
    follow(machine.store.tasks.get(task.id) ?? null)
  }
  machine.store.update((transaction) => {
    transaction.put(task)
    if (update.order === "start-first") restarts.delayStart(null, task.id, 0, false, release)
    else restarts.delayStart(endOld(machine, transaction, slot), task.id, 0, true, release)
  })
}

const keep = (update: SlotUpdate, slot: Slot, existing: TaskRecord, done: () => void): void => {
  const { machine, restarts } = update
  const others = slot.filter((task) => task !== existing)
  if (others.length === 0 && existing.desired === "running") return done()
  let isWaiting = false
  machine.store.update((transaction) => {
    const oldTask = others.length === 0 ? null : endOld(machine, transaction, others)
    if (existing.desired === "running") return
    isWaiting = true
    restarts.delayStart(oldTask, existing.id, 0, true, done)
  })
  if (!isWaiting) done()
}

/** Wants the tasks shut down; answers the last of them that was wanted until now. */
const endOld = ({ store }: Machine, transaction: Transaction, tasks: Slot): TaskRecord | null => {
  let ended: TaskRecord | null = null
  for (const { id } of tasks) {
    const task = store.tasks.get(id)
    if (task === undefined || !isWanted(task)) continue
    transaction.put({ ...task, desired: "shutdown" })
    ended = task
  }
  return ended === null || hasEnded(ended) ? null : ended
}
