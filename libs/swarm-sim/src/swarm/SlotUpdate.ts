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
import { isWanted, newTask } from "./TaskStates.ts"
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
  const old = update.order === "start-first" ? [] : stillWanted(machine, slot)
  if (old === null) return done()
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
        machine.store.update((transaction) => end(transaction, stillWanted(machine, slot) ?? []))
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
    end(transaction, old)
    restarts.delayStart(old.at(-1) ?? null, task.id, 0, true, release)
  })
}

const keep = (update: SlotUpdate, slot: Slot, existing: TaskRecord, done: () => void): void => {
  const { machine, restarts } = update
  const isHeldBack = existing.desired !== "running"
  const old = stillWanted(
    machine,
    slot.filter((task) => task !== existing)
  )
  if (old === null) return done()
  machine.store.update((transaction) => {
    end(transaction, old)
    if (isHeldBack) restarts.delayStart(old.at(-1) ?? null, existing.id, 0, true, done)
  })
  if (!isHeldBack) done()
}

/**
 * Those tasks of a slot that were wanted when the update began and still are. Null where some were and none is any more: something
 * else has ended them meanwhile, and SwarmKit then leaves the slot as it is (`removeOldTasks`: "was already shut down").
 */
const stillWanted = ({ store }: Machine, tasks: Slot): Slot | null => {
  const before = tasks.filter(isWanted)
  const still = before.flatMap(({ id }) => store.tasks.get(id) ?? []).filter(isWanted)
  return before.length > 0 && still.length === 0 ? null : still
}

const end = (transaction: Transaction, tasks: Slot): void => {
  for (const task of tasks) transaction.put({ ...task, desired: "shutdown" })
}
