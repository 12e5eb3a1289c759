/**
 * Rejects tasks whose node no longer satisfies their service's constraints, or no longer has what they reserve (swarmkit
 * `manager/orchestrator/constraintenforcer/constraint_enforcer.go`). Runs when a node changes, for active nodes.
 */
import * as Constraint from "@evenkeel/domain/rules/Constraint"
import { type Machine, type Scope, Wake } from "./Machine.ts"
import type { NodeRecord, TaskRecord } from "./Records.ts"
import { isBeyond } from "./TaskStates.ts"
import { nodeOf, serviceOf } from "./Templates.ts"
import { stateRanks } from "@evenkeel/domain/Task"

export class ConstraintEnforcer {
  readonly #machine: Machine
  readonly #wake: Wake
  readonly #pending = new Set<string>()

  constructor(machine: Machine, scope: Scope) {
    this.#machine = machine
    this.#wake = new Wake(scope, machine.timings.reaction, () => this.#tick())
    scope.watch(machine.store, (changes) => {
      for (const { after, before } of changes) {
        if (after?.kind !== "node" || before === null) continue
        this.#pending.add(after.id)
        this.#wake.request()
      }
    })
  }

  start(): void {
    for (const id of this.#machine.store.nodes.keys()) this.#pending.add(id)
    this.#tick()
  }

  #tick(): void {
    const { store } = this.#machine
    const ids = [...this.#pending]
    this.#pending.clear()
    for (const id of ids) {
      const node = store.nodes.get(id)
      if (node !== undefined && node.spec["Availability"] === "active") this.#check(node)
    }
  }

  #check(record: NodeRecord): void {
    const { agenda, store } = this.#machine
    const node = nodeOf(record)
    let { nanoCpus, memoryBytes } = node.resources
    const rejected: Array<TaskRecord> = []
    for (const task of store.tasksOnNode(record.id).toSorted((a, b) => a.sequence - b.sequence)) {
      const rank = stateRanks[task.desired]
      if (rank < stateRanks.assigned || rank > stateRanks.complete) continue
      if (stateRanks[task.state] >= stateRanks.complete) continue
      const service = store.services.get(task.serviceId)
      const { placement } = service === undefined ? task.template.service : serviceOf(service)
      const constraints = Constraint.parseAll(placement.constraints) ?? []
      const { reservations } = task.template.service
      if (
        !Constraint.nodeMatches(constraints, node) ||
        reservations.memoryBytes > memoryBytes ||
        reservations.nanoCpus > nanoCpus
      ) {
        rejected.push(task)
        continue
      }
      memoryBytes -= reservations.memoryBytes
      nanoCpus -= reservations.nanoCpus
    }
    store.update((transaction) => {
      for (const { id } of rejected) {
        const task = store.tasks.get(id)
        if (task === undefined || isBeyond(task.desired, "complete")) continue
        transaction.put({
          ...task,
          state: "rejected",
          message: "task rejected by constraint enforcer",
          error: "assigned node no longer meets constraints",
          stateMillis: agenda.nowMillis
        })
      }
    })
  }
}
