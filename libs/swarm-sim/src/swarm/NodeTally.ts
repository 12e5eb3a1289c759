/**
 * What the scheduler counts of one node, task by task and in place: with 100,000 tasks a new value for each of them would be
 * most of its work. Read by the rules as the `NodeLoad` that it is; only the scheduler changes it.
 */
import { addResources, type Claim, type NodeLoad } from "@evenkeel/domain/rules/NodeLoad"
import { type Node, Resources } from "@evenkeel/domain/Node"
import type { ServiceId } from "@evenkeel/domain/Ids"

export class NodeTally implements NodeLoad {
  node: Node
  activeTasks = 0
  readonly activeByService = new Map<ServiceId, number>()
  reserved = Resources.none
  readonly hostPorts = new Map<string, number>()

  constructor(node: Node) {
    this.node = node
  }

  /** One task more that holds this. */
  add(claim: Claim): void {
    this.#shift(claim, 1)
  }

  /** One task fewer, one that was added before. */
  remove(claim: Claim): void {
    this.#shift(claim, -1)
  }

  #shift({ active, hostPorts, reserved, service }: Claim, by: 1 | -1): void {
    if (active) {
      this.activeTasks += by
      shift(this.activeByService, service, by)
    }
    for (const port of hostPorts) shift(this.hostPorts, port, by)
    this.reserved = addResources(this.reserved, reserved, by)
  }
}

const shift = <K>(counts: Map<K, number>, key: K, by: number): void => {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}
