/**
 * Addresses of nodes on the networks of their tasks, for the load balancing of virtual addresses (swarmkit
 * `manager/allocator/network.go:reallocateNode`). A node gets one with the first task of a network and loses it with the last;
 * each time the node is written, which is all that can be seen of it. Its place on the ingress network is not simulated.
 */
import type { AddressPool } from "./AddressPool.ts"
import type { Machine } from "./Machine.ts"
import type { NodeRecord, TaskRecord, VirtualIp } from "./Records.ts"
import { hasEnded } from "./TaskStates.ts"

export class NodeAttachments {
  readonly #machine: Machine
  readonly #poolOf: (networkId: string) => AddressPool | null
  readonly #pending = new Set<string>()
  #rewritesAll = false

  constructor(machine: Machine, poolOf: (networkId: string) => AddressPool | null) {
    this.#machine = machine
    this.#poolOf = poolOf
  }

  get isPending(): boolean {
    return this.#pending.size > 0
  }

  start(isFirst: boolean): void {
    this.#rewritesAll = !isFirst
    for (const node of this.#machine.store.nodes.values()) {
      for (const { address, networkId } of node.attachments) this.#poolOf(networkId)?.claim(address)
      this.#pending.add(node.id)
    }
  }

  /** `before` and `after` of a write; null for none. */
  taskChanged(before: TaskRecord | null, after: TaskRecord | null): void {
    const task = after ?? before
    if (task === null || task.nodeId === "" || task.attachments.length === 0) return
    const isNew = before?.nodeId !== task.nodeId || before.attachments.length === 0
    const isOver = after === null || hasEnded(after)
    if (isNew || isOver) this.#pending.add(task.nodeId)
  }

  nodeRemoved(node: NodeRecord): void {
    for (const { address, networkId } of node.attachments) this.#poolOf(networkId)?.give(address)
  }

  tick(): void {
    const { store } = this.#machine
    if (!this.isPending) return
    store.update((transaction) => {
      for (const id of this.#pending) {
        const node = store.nodes.get(id)
        const attachments = node === undefined ? null : this.#attachmentsFor(node)
        if (node === undefined) continue
        if (attachments !== null) transaction.put({ ...node, attachments })
        else if (this.#rewritesAll) transaction.put({ ...node })
      }
      this.#pending.clear()
      this.#rewritesAll = false
    })
  }

  /** Null when nothing changes. */
  #attachmentsFor(node: NodeRecord): ReadonlyArray<VirtualIp> | null {
    const wanted = new Set<string>()
    for (const task of this.#machine.store.tasksOnNode(node.id))
      if (!hasEnded(task))
        for (const { network, networkId } of task.attachments) if (!network.isIngress) wanted.add(networkId)
    const kept = node.attachments.filter(({ networkId }) => wanted.has(networkId))
    const known = new Set(kept.map(({ networkId }) => networkId))
    const added = [...wanted].flatMap((networkId): ReadonlyArray<VirtualIp> => {
      const address = known.has(networkId) ? null : (this.#poolOf(networkId)?.take() ?? null)
      return address === null ? [] : [{ networkId, address }]
    })
    if (added.length === 0 && kept.length === node.attachments.length) return null
    for (const { address, networkId } of node.attachments)
      if (!wanted.has(networkId)) this.#poolOf(networkId)?.give(address)
    return [...kept, ...added]
  }
}
