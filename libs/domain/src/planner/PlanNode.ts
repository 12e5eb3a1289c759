/**
 * A node's load while a plan is being made: as SwarmKit's scheduler has it (`rules/NodeLoad`), but changed in place, because
 * a plan tries out many placements.
 */
import type { NodeId, ServiceId } from "../Ids.ts"
import type { GenericResource, Node } from "../Node.ts"
import type { Claim, NodeLoad } from "../rules/NodeLoad.ts"

export class PlanNode implements NodeLoad {
  readonly index: number
  readonly node: Node
  /** Takes tasks, and the policy does not exclude it. */
  readonly isOpen: boolean
  activeTasks = 0
  readonly activeByService = new Map<ServiceId, number>()
  readonly reserved: { nanoCpus: number; memoryBytes: number; generic: ReadonlyArray<GenericResource> } = {
    nanoCpus: 0,
    memoryBytes: 0,
    generic: []
  }
  readonly hostPorts = new Map<string, number>()

  constructor(index: number, node: Node, isOpen: boolean) {
    this.index = index
    this.node = node
    this.isOpen = isOpen
  }

  get id(): NodeId {
    return this.node.id
  }

  get hostname(): string {
    return this.node.hostname
  }

  /** One task more (`by` 1) or one fewer (`by` -1) that takes `claim`. */
  change(claim: Claim, by: 1 | -1): void {
    const { reserved } = claim
    this.reserved.nanoCpus += by * reserved.nanoCpus
    this.reserved.memoryBytes += by * reserved.memoryBytes
    if (reserved.generic.length > 0) this.reserved.generic = withGeneric(this.reserved.generic, reserved.generic, by)
    for (const port of claim.hostPorts) shift(this.hostPorts, port, by)
    if (!claim.active) return
    this.activeTasks += by
    shift(this.activeByService, claim.service, by)
  }
}

const shift = <K>(counts: Map<K, number>, key: K, by: number): void => {
  const count = (counts.get(key) ?? 0) + by
  if (count === 0) counts.delete(key)
  else counts.set(key, count)
}

const withGeneric = (
  have: ReadonlyArray<GenericResource>,
  more: ReadonlyArray<GenericResource>,
  by: number
): ReadonlyArray<GenericResource> => {
  const kinds = new Map(have.map(({ kind, value }) => [kind, value]))
  for (const { kind, value } of more) kinds.set(kind, (kinds.get(kind) ?? 0) + by * value)
  return [...kinds].map(([kind, value]) => ({ kind, value, names: [] }))
}
