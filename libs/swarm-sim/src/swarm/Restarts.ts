/**
 * Replacing a task by another one in its slot, and holding the new one back until its delay is over and the old one has stopped
 * (swarmkit `manager/orchestrator/restart/restart.go`). Kept in the leader's memory, as there.
 */
import { stateRanks } from "@evenkeel/domain/Task"
import type { Machine, Scope } from "./Machine.ts"
import type { ServiceRecord, TaskRecord } from "./Records.ts"
import { RestartHistory } from "./RestartHistory.ts"
import type { Transaction } from "./Store.ts"
import { hasEnded, isWanted, newTask } from "./TaskStates.ts"
import type { TaskWatch } from "./TaskWatch.ts"
import { hasSlots } from "./Templates.ts"

interface DelayedStart {
  readonly cancel: () => void
  /** Called once when the start has happened or was cancelled. */
  readonly onDone: Array<() => void>
  hasWaiter: boolean
}

export class Restarts {
  readonly history = new RestartHistory()
  readonly #machine: Machine
  readonly #scope: Scope
  readonly #watch: TaskWatch
  readonly #delays = new Map<string, DelayedStart>()

  constructor(machine: Machine, scope: Scope, watch: TaskWatch) {
    this.#machine = machine
    this.#scope = scope
    this.#watch = watch
  }

  /** Ends a task and, where the policy says so, makes its replacement: READY at once, RUNNING after the delay. */
  restart(transaction: Transaction, service: ServiceRecord, task: TaskRecord): void {
    const { agenda, store } = this.#machine
    const delay = this.#delays.get(task.id)
    if (delay !== undefined) {
      if (delay.hasWaiter) return
      delay.hasWaiter = true
      delay.onDone.push(() => this.#scope.schedule(0, () => this.#restartAgain(task.id)))
      return
    }
    transaction.put({ ...task, desired: "shutdown" })
    if (!this.history.shouldRestart(task, service)) return
    const isBySlot = hasSlots(service)
    const replacement = newTask(this.#machine, service, isBySlot ? task.slot : 0, isBySlot ? "" : task.nodeId, "ready")
    transaction.put(replacement)
    this.history.record(replacement, !isBySlot, agenda.nowMillis)
    const node = store.nodes.get(task.nodeId)
    const isDrained = node?.spec["Availability"] === "drain"
    const waitsForStop = node?.state !== "down" && !hasEnded(task)
    this.delayStart(task, replacement.id, isDrained ? 0 : task.template.restart.delayMillis, waitsForStop)
  }

  #restartAgain(id: string): void {
    const { store } = this.#machine
    const task = store.tasks.get(id)
    const service = task === undefined ? undefined : store.services.get(task.serviceId)
    if (task === undefined || service === undefined || !isWanted(task)) return
    store.update((transaction) => this.restart(transaction, service, task))
  }

  /**
   * Lets a new task run after the delay and, if asked, after the old one has stopped, its node has gone down, or a minute has
   * passed. `onDone` is called when it may run.
   */
  delayStart(
    oldTask: TaskRecord | null,
    newTaskId: string,
    delayMillis: number,
    waitsForStop: boolean,
    onDone: () => void = () => undefined
  ): void {
    this.cancel(newTaskId)
    const { timings } = this.#machine
    const disposers: Array<() => void> = []
    let isDelayOver = delayMillis === 0
    let isOldGone = !(waitsForStop && oldTask !== null && !hasEnded(oldTask))
    const delay: DelayedStart = {
      cancel: () => {
        for (const dispose of disposers) dispose()
        this.#delays.delete(newTaskId)
      },
      onDone: [onDone],
      hasWaiter: false
    }
    const settle = () => {
      if (!isDelayOver || !isOldGone) return
      for (const dispose of disposers) dispose()
      this.#scope.schedule(timings.reaction, () => {
        if (this.#delays.get(newTaskId) !== delay) return
        this.#delays.delete(newTaskId)
        this.#machine.store.update((transaction) => this.startNow(transaction, newTaskId))
        for (const done of delay.onDone) done()
      })
    }
    const oldGone = () => {
      isOldGone = true
      settle()
    }
    this.#delays.set(newTaskId, delay)
    if (!isDelayOver)
      disposers.push(
        this.#scope.schedule(delayMillis, () => {
          isDelayOver = true
          settle()
        })
      )
    if (!isOldGone && oldTask !== null) {
      disposers.push(
        this.#watch.task(oldTask.id, (after) => {
          if (after === null || hasEnded(after)) oldGone()
        }),
        this.#watch.node(oldTask.nodeId, (after) => {
          if (after === null || after.state === "down") oldGone()
        }),
        this.#scope.schedule(timings.oldTaskTimeout, oldGone)
      )
    }
    settle()
  }

  /** Wants the task to run (tasks of jobs: to complete), if it is still held back. */
  startNow(transaction: Transaction, id: string): void {
    const task = this.#machine.store.tasks.get(id)
    if (task === undefined || stateRanks[task.desired] >= stateRanks.running) return
    transaction.put({ ...task, desired: task.jobIteration === null ? "running" : "complete" })
  }

  cancel(newTaskId: string): void {
    const delay = this.#delays.get(newTaskId)
    if (delay === undefined) return
    delay.cancel()
    for (const done of delay.onDone) done()
  }

  /**
   * After a change of leader: tasks that were held back run when what remains of their delay is over (swarmkit
   * `manager/orchestrator/taskinit/init.go`), and the count of attempts is taken from the tasks that are there.
   */
  resume(tasks: ReadonlyArray<TaskRecord>, isByNode: boolean): void {
    const { agenda, store } = this.#machine
    for (const task of tasks) {
      if (task.desired !== "ready" || stateRanks[task.state] > stateRanks.complete) continue
      const since = agenda.nowMillis - (task.appliedMillis ?? task.stateMillis)
      const remaining = Math.min(task.template.restart.delayMillis, task.template.restart.delayMillis - since)
      if (remaining > 0) this.delayStart(null, task.id, remaining, true)
      else store.update((transaction) => this.startNow(transaction, task.id))
    }
    const slots = Map.groupBy(tasks, (task) => (isByNode ? task.nodeId : String(task.slot)))
    for (const slot of slots.values()) {
      const newest = Math.max(...slot.map(({ template }) => template.specVersion))
      const current = slot.filter(({ template }) => template.specVersion === newest)
      const [, ...restarted] = current.toSorted((a, b) => a.sequence - b.sequence)
      for (const task of restarted) this.history.record(task, isByNode, task.createdMillis)
    }
  }
}
