/**
 * Keeps one task of each global service on every node that may have one (swarmkit `manager/orchestrator/global/global.go`).
 * Changes of a service go through the updater; changes of a node are put right on that node at once.
 */
import * as Constraint from "@evenkeel/domain/rules/Constraint"
import { inFreeOrder } from "./Choices.ts"
import { type Machine, type Scope, Wake } from "./Machine.ts"
import type { NodeRecord, ServiceRecord, TaskRecord } from "./Records.ts"
import type { Restarts } from "./Restarts.ts"
import { isDirty, type Slot } from "./SlotUpdate.ts"
import type { Change, Transaction } from "./Store.ts"
import { hasEnded, isBeyond, isInvalid, isWanted, newTask } from "./TaskStates.ts"
import { modeOf, nameOf, nodeOf, serviceOf } from "./Templates.ts"
import type { Updates } from "./Updater.ts"

export class GlobalOrchestrator {
  readonly #machine: Machine
  readonly #restarts: Restarts
  readonly #updates: Updates
  readonly #wake: Wake
  readonly #services = new Set<string>()
  readonly #nodes = new Set<string>()
  readonly #gone = new Set<string>()
  readonly #toRestart = new Set<string>()
  /** Ids of the global services that exist, so that others cost nothing. */
  readonly #known = new Set<string>()

  constructor(machine: Machine, scope: Scope, restarts: Restarts, updates: Updates) {
    this.#machine = machine
    this.#restarts = restarts
    this.#updates = updates
    this.#wake = new Wake(scope, machine.timings.reaction, () => this.#tick())
    scope.watch(machine.store, (changes) => this.#observe(changes))
  }

  start(): void {
    const { store } = this.#machine
    for (const service of store.services.values()) {
      if (modeOf(service) !== "global") continue
      this.#known.add(service.id)
      this.#services.add(service.id)
      const tasks = store.tasksOfService(service.id)
      this.#restarts.resume(tasks, true)
      store.update((transaction) => {
        for (const task of tasks) {
          if (!isWanted(task)) continue
          if (isInvalid(store.nodes.get(task.nodeId))) this.#shutDown(transaction, [task])
          else if (hasEnded(task)) this.#toRestart.add(task.id)
        }
      })
    }
    this.#wake.request()
  }

  #observe(changes: ReadonlyArray<Change>): void {
    for (const { after, before } of changes) {
      const record = after ?? before
      if (record?.kind === "service") this.#serviceChanged(record, after === null)
      else if (record?.kind === "node") (after === null ? this.#gone : this.#nodes).add(record.id)
      else if (after?.kind === "task" && before !== null && this.#known.has(after.serviceId))
        if (isWanted(after) && hasEnded(after)) this.#toRestart.add(after.id)
    }
    const pending = [this.#services, this.#nodes, this.#gone, this.#toRestart]
    if (pending.some(({ size }) => size > 0)) this.#wake.request()
  }

  #serviceChanged(service: ServiceRecord, isGone: boolean): void {
    if (modeOf(service) !== "global") return
    if (isGone) {
      this.#known.delete(service.id)
      this.#services.delete(service.id)
    } else {
      this.#known.add(service.id)
      this.#services.add(service.id)
    }
  }

  #tick(): void {
    const { store } = this.#machine
    for (const id of this.#gone.values())
      store.update((transaction) => {
        for (const task of store.tasksOnNode(id)) if (this.#known.has(task.serviceId)) transaction.remove(task)
      })
    this.#gone.clear()
    const nodes = [...this.#nodes]
    this.#nodes.clear()
    if (this.#known.size > 0)
      for (const id of nodes) {
        const node = store.nodes.get(id)
        if (node !== undefined) this.#reconcileNode(node)
      }
    const services = [...this.#services]
    this.#services.clear()
    for (const id of services) {
      const service = store.services.get(id)
      if (service !== undefined) this.#reconcile(service)
    }
    this.#restartEnded()
  }

  #matches(service: ServiceRecord, node: NodeRecord): boolean {
    const constraints = Constraint.parseAll(serviceOf(service).placement.constraints) ?? []
    return Constraint.nodeMatches(constraints, nodeOf(node))
  }

  #reconcile(service: ServiceRecord): void {
    const { store, choices } = this.#machine
    const byNode = new Map<string, Slot>()
    for (const [nodeId, tasks] of Map.groupBy(store.tasksOfService(service.id), ({ nodeId }) => nodeId)) {
      const updatable = this.#restarts.history.updatable(tasks, service)
      if (updatable.length > 0) byNode.set(nodeId, updatable)
    }
    const toUpdate: Array<Slot> = []
    store.update((transaction) => {
      for (const node of store.nodes.values()) {
        if (isInvalid(node)) continue
        const slot = byNode.get(node.id) ?? []
        byNode.delete(node.id)
        if (!this.#matches(service, node)) this.#shutDown(transaction, slot)
        else if (node.spec["Availability"] === "pause") continue
        else if (slot.length === 0) transaction.put(newTask(this.#machine, service, 0, node.id, "running"))
        else toUpdate.push(slot)
      }
      for (const slot of byNode.values()) this.#shutDown(transaction, slot)
    })
    if (toUpdate.length > 0)
      this.#updates.update(service, toUpdate, (slots) =>
        inFreeOrder(
          slots,
          ([task]) => task?.nodeId ?? "",
          (candidates) => choices.pick({ kind: "update-slot", service: nameOf(service), candidates })
        )
      )
  }

  #reconcileNode(node: NodeRecord): void {
    const { store } = this.#machine
    const own = store.tasksOnNode(node.id).filter(({ serviceId }) => this.#known.has(serviceId))
    if (isInvalid(node)) return store.update((transaction) => this.#shutDown(transaction, own))
    if (node.spec["Availability"] === "pause") return
    const byService = Map.groupBy(own, ({ serviceId }) => serviceId)
    store.update((transaction) => {
      for (const id of this.#known) {
        const service = store.services.get(id)
        if (service === undefined || !this.#matches(service, node)) continue
        const slot = this.#restarts.history.updatable(byService.get(id) ?? [], service)
        const [kept, ...extra] = slot.filter((task) => !isDirty(this.#machine, service, task))
        if (kept === undefined) transaction.put(newTask(this.#machine, service, 0, node.id, "running"))
        const dirty = slot.filter((task) => task !== kept && !extra.includes(task))
        this.#shutDown(transaction, [...dirty, ...extra])
      }
    })
  }

  #restartEnded(): void {
    const { store } = this.#machine
    if (this.#toRestart.size === 0) return
    store.update((transaction) => {
      for (const id of this.#toRestart) {
        const task = store.tasks.get(id)
        const service = task === undefined ? undefined : store.services.get(task.serviceId)
        if (task === undefined || service === undefined || !isWanted(task)) continue
        const node = store.nodes.get(task.nodeId)
        if (node === undefined || isInvalid(node)) continue
        if (node.spec["Availability"] === "pause" || !this.#matches(service, node)) this.#shutDown(transaction, [task])
        else this.#restarts.restart(transaction, service, task)
      }
      this.#toRestart.clear()
    })
  }

  #shutDown(transaction: Transaction, tasks: ReadonlyArray<TaskRecord>): void {
    for (const { id } of tasks) {
      const task = this.#machine.store.tasks.get(id)
      if (task !== undefined && !isBeyond(task.desired, "complete")) transaction.put({ ...task, desired: "shutdown" })
    }
  }
}
