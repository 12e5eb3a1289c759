/**
 * Keeps replicated services at their number of tasks: makes and removes slots, hands dirty ones to the updater, and replaces tasks
 * that ended or whose node is gone (swarmkit `manager/orchestrator/replicated/{services,tasks}.go`).
 */
import { rankSlots, type RankedSlot, stableUpTo } from "@evenkeel/domain/rules/ScaleDown"
import { inFreeOrder } from "./Choices.ts"
import { numberAt } from "./Json.ts"
import { type Machine, type Scope, Wake } from "./Machine.ts"
import type { NodeRecord, ServiceRecord, TaskRecord } from "./Records.ts"
import type { Restarts } from "./Restarts.ts"
import type { Slot } from "./SlotUpdate.ts"
import type { Change } from "./Store.ts"
import { hasEnded, isBeyond, isInvalid, isWanted, newTask } from "./TaskStates.ts"
import { modeOf, nameOf, taskOf } from "./Templates.ts"
import type { Updates } from "./Updater.ts"

export class ReplicatedOrchestrator {
  readonly #machine: Machine
  readonly #restarts: Restarts
  readonly #updates: Updates
  readonly #wake: Wake
  readonly #toReconcile = new Set<string>()
  readonly #toRestart = new Set<string>()

  constructor(machine: Machine, scope: Scope, restarts: Restarts, updates: Updates) {
    this.#machine = machine
    this.#restarts = restarts
    this.#updates = updates
    this.#wake = new Wake(scope, machine.timings.reaction, () => this.#tick())
    scope.watch(machine.store, (changes) => this.#observe(changes))
  }

  /** What a new leader finds: tasks to fix, services to reconcile. */
  start(): void {
    const { store } = this.#machine
    for (const service of store.services.values()) {
      if (modeOf(service) !== "replicated") continue
      const tasks = store.tasksOfService(service.id)
      this.#restarts.resume(tasks, false)
      for (const task of tasks) this.#taskChanged(task)
      this.#toReconcile.add(service.id)
    }
    this.#wake.request()
  }

  #observe(changes: ReadonlyArray<Change>): void {
    for (const { after, before } of changes) {
      if (after?.kind === "task") this.#taskChanged(after)
      else if (after?.kind === "node") this.#nodeChanged(after)
      else if (after?.kind === "service") this.#serviceChanged(after)
      else if (after === null && before?.kind === "task") this.#taskRemoved(before)
      else if (after === null && before?.kind === "node") this.#restartAllOn(before.id)
      else if (after === null && before?.kind === "service") this.#toReconcile.delete(before.id)
    }
    if (this.#toReconcile.size > 0 || this.#toRestart.size > 0) this.#wake.request()
  }

  #serviceOf(task: TaskRecord): ServiceRecord | null {
    const service = this.#machine.store.services.get(task.serviceId)
    return service !== undefined && modeOf(service) === "replicated" ? service : null
  }

  #serviceChanged(service: ServiceRecord): void {
    if (modeOf(service) === "replicated") this.#toReconcile.add(service.id)
  }

  #taskRemoved(task: TaskRecord): void {
    if (isWanted(task) && this.#serviceOf(task) !== null) this.#toReconcile.add(task.serviceId)
    this.#restarts.cancel(task.id)
  }

  #taskChanged(task: TaskRecord): void {
    if (!isWanted(task)) return
    const isNodeGone = task.nodeId !== "" && isInvalid(this.#machine.store.nodes.get(task.nodeId))
    if ((hasEnded(task) || isNodeGone) && this.#serviceOf(task) !== null) this.#toRestart.add(task.id)
  }

  #nodeChanged(node: NodeRecord): void {
    if (isInvalid(node)) this.#restartAllOn(node.id)
  }

  #restartAllOn(nodeId: string): void {
    for (const task of this.#machine.store.tasksOnNode(nodeId))
      if (isWanted(task) && this.#serviceOf(task) !== null) this.#toRestart.add(task.id)
  }

  #tick(): void {
    const { store } = this.#machine
    if (this.#toRestart.size > 0)
      store.update((transaction) => {
        for (const id of this.#toRestart) {
          const task = store.tasks.get(id)
          const service = task === undefined ? null : this.#serviceOf(task)
          if (task === undefined || service === null || !isWanted(task)) continue
          this.#restarts.restart(transaction, service, task)
        }
        this.#toRestart.clear()
      })
    const ids = [...this.#toReconcile]
    this.#toReconcile.clear()
    for (const id of ids) {
      const service = store.services.get(id)
      if (service !== undefined) this.#reconcile(service)
    }
  }

  #reconcile(service: ServiceRecord): void {
    const { store } = this.#machine
    const wanted = numberAt(service.spec, "Mode", "Replicated", "Replicas") ?? 0
    const alive = new Map<number, Slot>()
    const dead = new Map<number, Slot>()
    for (const [number, slot] of Map.groupBy(store.tasksOfService(service.id), ({ slot }) => slot)) {
      const updatable = this.#restarts.history.updatable(slot, service)
      if (updatable.length > 0) alive.set(number, updatable)
      else dead.set(number, slot)
    }
    if (wanted < alive.size) return this.#scaleDown(service, [...alive.values()], dead, wanted)
    const isGrowing = wanted > alive.size
    if (isGrowing) this.#updates.update(service, alive.values(), (slots) => this.#updateOrder(service, slots))
    store.update((transaction) => {
      let slot = 0
      for (let missing = wanted - alive.size; missing > 0; missing--) {
        do slot++
        while (alive.has(slot))
        dead.delete(slot)
        transaction.put(newTask(this.#machine, service, slot, "", "running"))
      }
      for (const task of [...dead.values()].flat()) transaction.remove(task)
    })
    if (!isGrowing) this.#updates.update(service, alive.values(), (slots) => this.#updateOrder(service, slots))
  }

  /** Go's map order: any. */
  #updateOrder(service: ServiceRecord, slots: ReadonlyArray<Slot>): Iterable<Slot> {
    return inFreeOrder(
      slots,
      ([task]) => String(task?.slot ?? 0),
      (candidates) => this.#machine.choices.pick({ kind: "update-slot", service: nameOf(service), candidates })
    )
  }

  #scaleDown(
    service: ServiceRecord,
    alive: ReadonlyArray<Slot>,
    dead: ReadonlyMap<number, Slot>,
    wanted: number
  ): void {
    const { store } = this.#machine
    const byTask = new Map(alive.flatMap((slot) => slot.map((task) => [task.id, slot] as const)))
    const ranked = rankSlots(alive.map((slot) => slot.map(taskOf)))
    const ordered = this.#withFreeTies(service, ranked, wanted).flatMap(({ tasks: [first] }) => {
      const slot = first === undefined ? undefined : byTask.get(first.id)
      return slot === undefined ? [] : [slot]
    })
    this.#updates.update(service, ordered.slice(0, wanted))
    store.update((transaction) => {
      for (const task of [...dead.values()].flat()) transaction.remove(task)
      for (const { id } of ordered.slice(wanted).flat()) {
        const task = store.tasks.get(id)
        if (task !== undefined && !isBeyond(task.desired, "remove")) transaction.put({ ...task, desired: "remove" })
      }
    })
  }

  /** Beyond a dozen slots SwarmKit's sort leaves open which of the equal ones are kept. */
  #withFreeTies(service: ServiceRecord, ranked: ReadonlyArray<RankedSlot>, wanted: number): ReadonlyArray<RankedSlot> {
    const boundary = ranked[wanted]?.copy
    if (ranked.length <= stableUpTo || boundary === undefined) return ranked
    const tied = inFreeOrder(
      ranked.filter(({ copy }) => copy === boundary),
      ({ tasks: [task] }) => String(task?.slot ?? 0),
      (candidates) => this.#machine.choices.pick({ kind: "kept-slot", service: nameOf(service), candidates })
    )
    return [...ranked.filter(({ copy }) => copy < boundary), ...tied, ...ranked.filter(({ copy }) => copy > boundary)]
  }
}
