/**
 * A rolling update or rollback of one service (swarmkit `manager/orchestrator/update/updater.go:Updater.Run`): which slots are
 * dirty, how many at a time, and what to do when new tasks fail. `Updates` keeps one for each service.
 */
import { isDeepStrictEqual } from "node:util"
import type { Machine, Scope } from "./Machine.ts"
import type { ServiceRecord, TaskRecord } from "./Records.ts"
import type { Restarts } from "./Restarts.ts"
import { isDirty, type Slot, updateSlot } from "./SlotUpdate.ts"
import type { TaskWatch } from "./TaskWatch.ts"
import { type UpdateConfig, updateConfigOf } from "./UpdateConfig.ts"
import * as UpdateStatuses from "./UpdateStatuses.ts"

interface Parts {
  readonly machine: Machine
  readonly scope: Scope
  readonly restarts: Restarts
  readonly watch: TaskWatch
}

type Phase = "dispatching" | "draining" | "monitoring" | "finished"

class Updater {
  readonly service: ServiceRecord
  readonly #parts: Parts
  readonly #onEnd: () => void
  readonly #config: UpdateConfig
  /** Tasks of this update, with the time at which they reached RUNNING or ended; null before. */
  readonly #created = new Map<string, number | null>()
  readonly #failed = new Set<string>()
  readonly #disposers: Array<() => void> = []
  #slots: Iterator<Slot> = [][Symbol.iterator]()
  #total = 0
  #handedOut = 0
  #busy = 0
  readonly #waitingFailures: Array<string> = []
  #phase: Phase = "dispatching"
  /** A failure has ended the update before its end: it is not declared complete. */
  #isStopped = false

  constructor(parts: Parts, service: ServiceRecord, onEnd: () => void) {
    this.#parts = parts
    this.service = service
    this.#onEnd = onEnd
    this.#config = updateConfigOf(service)
  }

  /** Takes the dirty ones of the slots, in the order that `order` gives them. */
  run(slots: Iterable<Slot>, order: (slots: ReadonlyArray<Slot>) => Iterable<Slot>): void {
    const { machine } = this.#parts
    const { id, updateStatus } = this.service
    if (updateStatus?.state === "paused" || updateStatus?.state === "rollback_paused") return this.#end()
    const dirty = [...slots].filter((slot) => {
      const [only, second] = slot
      return second !== undefined || (only !== undefined && isDirty(machine, this.service, only))
    })
    if (dirty.length === 0) {
      if (updateStatus?.state === "updating" || updateStatus?.state === "rollback_started")
        UpdateStatuses.complete(machine, id)
      return this.#end()
    }
    this.#total = dirty.length
    this.#slots = order(dirty)[Symbol.iterator]()
    if (updateStatus !== null) return this.#startWorkers()
    // Its status is a commit of its own: the orchestrator counts the slots once more before the first task is made.
    UpdateStatuses.start(machine, id)
    this.#after(machine.timings.reaction, () => this.#startWorkers())
  }

  #startWorkers(): void {
    const workers = this.#config.parallelism === 0 ? this.#total : this.#config.parallelism
    const isDispatching = () => this.#phase === "dispatching"
    for (let i = 0; i < workers && isDispatching(); i++) this.#takeNext()
  }

  /** Ends it where it stands; the tasks that it made stay. */
  cancel(): void {
    for (const dispose of this.#disposers) dispose()
    this.#phase = "finished"
  }

  /** Called for each of the service's tasks that has ended. */
  taskEnded(task: TaskRecord): void {
    if (this.#config.failureAction === "continue" || !this.#created.has(task.id)) return
    if (this.#phase === "finished") return
    const { choices, timings } = this.#parts.machine
    const candidates = ["update", "restart"]
    const service = task.template.serviceName
    const isFirst = choices.pick({ kind: "failure", service, task: task.id, candidates }) === 0
    // The restart takes one reaction.
    this.#after(isFirst ? 0 : 2 * timings.reaction, () => {
      if (this.#phase === "draining") this.#waitingFailures.push(task.id)
      else this.#failure(task.id)
    })
  }

  #after(delayMillis: number, action: () => void): void {
    if (this.#phase !== "finished") this.#disposers.push(this.#parts.scope.schedule(delayMillis, action))
  }

  #takeNext(): void {
    if (this.#phase !== "dispatching") return this.#workerIsFree()
    const { done, value: slot } = this.#slots.next()
    if (done === true) {
      this.#phase = "draining"
      return this.#workerIsFree()
    }
    this.#busy++
    this.#handedOut++
    if (this.#handedOut === this.#total) this.#phase = "draining"
    const { machine, restarts, watch } = this.#parts
    updateSlot(
      {
        machine,
        restarts,
        watch,
        service: this.service,
        order: this.#config.order,
        onCreated: (id) => this.#created.set(id, null),
        onSettled: (id) => this.#created.set(id, machine.agenda.nowMillis),
        onCancel: (dispose) => this.#disposers.push(dispose),
        schedule: (action) => this.#after(machine.timings.reaction, action)
      },
      slot,
      () => {
        if (this.#phase === "finished") return
        this.#after(this.#config.delayMillis, () => {
          this.#busy--
          this.#takeNext()
        })
      }
    )
  }

  #workerIsFree(): void {
    if (this.#busy > 0 || this.#phase === "monitoring" || this.#phase === "finished") return
    if (this.#isStopped) return this.#end()
    this.#phase = "monitoring"
    for (const id of this.#waitingFailures.splice(0)) this.#failure(id)
    if (this.#isStopped) return
    const { delayMillis, monitorMillis } = this.#config
    this.#after(delayMillis >= monitorMillis ? delayMillis + 1000 : monitorMillis, () => this.#completed())
  }

  #completed(): void {
    if (this.#phase !== "monitoring") return
    this.#phase = "finished"
    UpdateStatuses.complete(this.#parts.machine, this.service.id)
    this.#end()
  }

  /** Follows the failure action when more tasks have failed than may. */
  #failure(id: string): void {
    if (this.#phase !== "dispatching" && this.#phase !== "monitoring") return
    const { machine } = this.#parts
    const settledAt = this.#created.get(id) ?? null
    const isEarly = settledAt === null || machine.agenda.nowMillis - settledAt <= this.#config.monitorMillis
    if (this.#failed.has(id) || !isEarly) return
    this.#failed.add(id)
    if (this.#failed.size / this.#total <= this.#config.maxFailureRatio) return
    const isRollback = this.service.updateStatus?.state === "rollback_started"
    const because = `due to failure or early termination of task ${id}`
    const wasMonitoring = this.#phase === "monitoring"
    this.#phase = "draining"
    if (this.#config.failureAction === "rollback" && isRollback)
      // SwarmKit does not count this as stopped: it goes on monitoring and then declares the update complete.
      UpdateStatuses.pause(machine, this.service.id, `rollback paused ${because}`)
    else {
      this.#isStopped = true
      if (this.#config.failureAction === "rollback")
        UpdateStatuses.rollBack(machine, this.service.id, `update rolled back ${because}`)
      else UpdateStatuses.pause(machine, this.service.id, `update paused ${because}`)
    }
    if (wasMonitoring) {
      if (this.#isStopped) this.#end()
      else {
        this.#phase = "monitoring"
        this.#completed()
      }
    } else this.#workerIsFree()
  }

  #end(): void {
    this.cancel()
    this.#onEnd()
  }
}

/** The rolling updates that are under way, one for each service at most (swarmkit `update.Supervisor`). */
export class Updates {
  readonly #parts: Parts
  readonly #running = new Map<string, Updater>()

  constructor(parts: Parts) {
    this.#parts = parts
    parts.scope.watch(parts.machine.store, (changes) => {
      if (this.#running.size === 0) return
      for (const { after } of changes) {
        if (after?.kind !== "task" || !hasStopped(after)) continue
        this.#running.get(after.serviceId)?.taskEnded(after)
      }
    })
  }

  /**
   * Brings the slots to the service's spec. An update that works towards the same spec goes on; another one is cancelled.
   * `order` puts the dirty slots in order.
   */
  update(
    service: ServiceRecord,
    slots: Iterable<Slot>,
    order: (slots: ReadonlyArray<Slot>) => Iterable<Slot> = (dirty) => dirty
  ): void {
    const known = this.#running.get(service.id)
    if (known !== undefined) {
      if (known.service.spec === service.spec || isDeepStrictEqual(known.service.spec, service.spec)) return
      known.cancel()
    }
    const updater = new Updater(this.#parts, service, () => {
      if (this.#running.get(service.id) === updater) this.#running.delete(service.id)
    })
    this.#running.set(service.id, updater)
    updater.run(slots, order)
  }
}

const hasStopped = ({ state }: TaskRecord): boolean =>
  state === "complete" || state === "shutdown" || state === "failed" || state === "rejected" || state === "orphaned"
