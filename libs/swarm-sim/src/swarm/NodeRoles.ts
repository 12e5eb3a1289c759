/**
 * Makes managers of nodes that are to be managers, and workers of those that are to be workers (swarmkit
 * `manager/role_manager.go`): the spec says what a node is to be, this says when it is. A leader hands over first; a node with
 * another role gets another certificate, which is two more writes of it.
 */
import type { Machine } from "./Machine.ts"
import type { Managers } from "./Managers.ts"
import type { NodeRecord } from "./Records.ts"

/** From a change of a node's spec to its place among the managers. */
const changeMillis = 1000
/** A manager that cannot be spared now is looked at again (swarmkit `roleReconcileInterval`). */
const retryMillis = 5000
/** From the start of a new leader to what the last one did not come to. */
const afterElectionMillis = 30
/** Between the writes of a certificate: asked for, given. */
const certificateMillis = 30

const wantedRole = ({ spec }: NodeRecord): "manager" | "worker" => (spec["Role"] === "manager" ? "manager" : "worker")

export class NodeRoles {
  readonly #machine: Machine
  readonly #managers: Managers

  constructor(machine: Machine, managers: Managers) {
    this.#machine = machine
    this.#managers = managers
    machine.store.watch((changes) => {
      for (const { after, before } of changes)
        if (after?.kind === "node" && before?.kind === "node" && before.spec["Role"] !== after.spec["Role"])
          this.changed(after.id)
    })
  }

  /** A node's spec asks for another role. */
  changed(nodeId: string): void {
    this.#later(nodeId, changeMillis)
  }

  /** A manager has been elected. */
  elected(): void {
    for (const node of this.#machine.store.nodes.values())
      if (node.role !== wantedRole(node)) this.#later(node.id, afterElectionMillis)
  }

  #later(nodeId: string, delayMillis: number): void {
    this.#machine.agenda.schedule(delayMillis, () => this.#reconcile(nodeId))
  }

  #reconcile(nodeId: string): void {
    const managers = this.#managers
    const node = this.#machine.store.nodes.get(nodeId)
    // Without a leader it is left to the next one.
    if (node === undefined || managers.leader === null || node.role === wantedRole(node)) return
    const role = wantedRole(node)
    if (role === "worker" && !this.#canLeave(nodeId)) return this.#later(nodeId, retryMillis)
    if (role === "worker" && managers.leader === nodeId && managers.transfer()) return
    this.#write(nodeId, role)
    if (role === "manager") managers.members.add(nodeId)
    else managers.members.delete(nodeId)
    managers.reachabilityChanged()
    for (const nth of [1, 2])
      this.#machine.agenda.schedule(nth * certificateMillis, () => {
        if (managers.leader !== null) this.#write(nodeId, role)
      })
  }

  /** Whether the other managers would have a majority without it; the last one stays, whatever its spec says. */
  #canLeave(nodeId: string): boolean {
    const { members, reachable } = this.#managers
    const others = members.size - (members.has(nodeId) ? 1 : 0)
    return reachable.filter((id) => id !== nodeId).length * 2 > others
  }

  #write(nodeId: string, role: NodeRecord["role"]): void {
    this.#machine.store.update((transaction) => {
      const node = this.#machine.store.nodes.get(nodeId)
      if (node !== undefined) transaction.put({ ...node, role })
    })
  }
}
