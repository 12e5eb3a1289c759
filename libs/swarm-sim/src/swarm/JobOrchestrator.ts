/**
 * Runs jobs to completion: replicated ones slot by slot up to their number, global ones once on each node (swarmkit
 * `manager/orchestrator/jobs/{replicated,global}/reconciler.go`). Each update of the service is a new iteration.
 */
import * as Constraint from "@evenkeel/domain/rules/Constraint"
import { numberAt } from "./Json.ts"
import { type Machine, type Scope, Wake } from "./Machine.ts"
import type { ServiceRecord, TaskRecord } from "./Records.ts"
import type { Restarts } from "./Restarts.ts"
import type { Change, Transaction } from "./Store.ts"
import { hasEnded, isInvalid, isWantedOrJob, newTask } from "./TaskStates.ts"
import { isJob, modeOf, nodeOf, serviceOf } from "./Templates.ts"

export class JobOrchestrator {
  readonly #machine: Machine
  readonly #restarts: Restarts
  readonly #wake: Wake
  readonly #pending = new Set<string>()

  constructor(machine: Machine, scope: Scope, restarts: Restarts) {
    this.#machine = machine
    this.#restarts = restarts
    this.#wake = new Wake(scope, machine.timings.reaction, () => this.#tick())
    scope.watch(machine.store, (changes) => this.#observe(changes))
  }

  start(): void {
    const { store } = this.#machine
    for (const service of store.services.values()) {
      if (!isJob(service)) continue
      this.#restarts.resume(store.tasksOfService(service.id), modeOf(service) === "global-job")
      this.#pending.add(service.id)
    }
    this.#wake.request()
  }

  #observe(changes: ReadonlyArray<Change>): void {
    for (const { after, before } of changes) {
      if (after?.kind === "service" && isJob(after)) this.#pending.add(after.id)
      if (after?.kind !== "task" || after.jobIteration === null || before === null) continue
      if (hasEnded(after) && isWantedOrJob(after)) this.#pending.add(after.serviceId)
    }
    if (this.#pending.size > 0) this.#wake.request()
  }

  #tick(): void {
    const { store } = this.#machine
    const ids = [...this.#pending]
    this.#pending.clear()
    for (const id of ids) {
      const service = store.services.get(id)
      if (service === undefined || service.jobStatus === null) continue
      const { iteration } = service.jobStatus
      const tasks = store.tasksOfService(id)
      const current = tasks.filter(({ jobIteration }) => jobIteration === iteration)
      const former = tasks.filter(({ jobIteration }) => jobIteration !== iteration)
      store.update((transaction) => {
        if (modeOf(service) === "replicated-job") this.#reconcileReplicated(transaction, service, current)
        else this.#reconcileGlobal(transaction, service, current)
        for (const task of former)
          if (task.desired !== "remove" && (modeOf(service) === "global-job" || !hasEnded(task)))
            transaction.put({ ...task, desired: "remove" })
      })
    }
  }

  #reconcileReplicated(transaction: Transaction, service: ServiceRecord, current: ReadonlyArray<TaskRecord>): void {
    const completed = current.filter(({ state }) => state === "complete")
    const running = current.filter((task) => task.state !== "complete" && isWantedOrJob(task))
    const total = numberAt(service.spec, "Mode", "ReplicatedJob", "TotalCompletions") ?? 1
    const concurrent = numberAt(service.spec, "Mode", "ReplicatedJob", "MaxConcurrent") ?? 1
    const taken = new Set([...completed, ...running].map(({ slot }) => slot))
    let missing = Math.min(concurrent - running.length, total - completed.length - running.length)
    for (let slot = 0; slot < total && missing > 0; slot++) {
      if (taken.has(slot)) continue
      transaction.put(newTask(this.#machine, service, slot, "", "complete"))
      missing--
    }
    this.#restartEnded(transaction, service, running)
  }

  #reconcileGlobal(transaction: Transaction, service: ServiceRecord, current: ReadonlyArray<TaskRecord>): void {
    const { store } = this.#machine
    const constraints = Constraint.parseAll(serviceOf(service).placement.constraints) ?? []
    const wanted = current.filter(isWantedOrJob)
    const byNode = new Map(wanted.map((task) => [task.nodeId, task]))
    for (const node of store.nodes.values()) {
      if (!Constraint.nodeMatches(constraints, nodeOf(node))) continue
      const task = byNode.get(node.id)
      if (isInvalid(node)) {
        if (task !== undefined && !hasEnded(task)) transaction.put({ ...task, desired: "shutdown" })
      } else if (task === undefined && node.spec["Availability"] === "active" && node.state === "ready")
        transaction.put(newTask(this.#machine, service, 0, node.id, "complete"))
    }
    this.#restartEnded(transaction, service, wanted)
  }

  #restartEnded(transaction: Transaction, service: ServiceRecord, tasks: ReadonlyArray<TaskRecord>): void {
    for (const { id } of tasks) {
      const task = this.#machine.store.tasks.get(id)
      if (task === undefined || !hasEnded(task) || task.state === "complete" || !isWantedOrJob(task)) continue
      this.#restarts.restart(transaction, service, task)
    }
  }
}
