/**
 * Whether a placement fits: no node is reserved beyond what it has, no host port is bound twice. Where more than that is taken
 * already, no more may be. Asked while tasks are put on one service after the other, so it judges what has been put so far.
 */
import type { Layout } from "./Layout.ts"
import type { PlanNode } from "./PlanNode.ts"

export interface Room {
  readonly fits: () => boolean
}

/** As the layout stands; null where nothing is taken of nodes that could run out. */
export const of = (layout: Layout): Room | null => {
  const competes = layout.members.some(
    ({ claim, reserves }) => reserves || claim.hostPorts.length > 0 || claim.reserved.generic.length > 0
  )
  if (!competes) return null
  const limits = layout.open.map((node) => limitOf(node))
  return { fits: () => limits.every((fits) => fits()) }
}

const limitOf = (node: PlanNode): (() => boolean) => {
  const { generic, memoryBytes, nanoCpus } = node.node.resources
  const cpus = Math.max(nanoCpus, node.reserved.nanoCpus)
  const memory = Math.max(memoryBytes, node.reserved.memoryBytes)
  const sumOf = (kind: string) => generic.reduce((sum, item) => sum + (item.kind === kind ? item.value : 0), 0)
  const kinds = new Map(node.reserved.generic.map(({ kind, value }) => [kind, Math.max(value, sumOf(kind))]))
  const ports = new Map(node.hostPorts)
  return () => {
    if (node.reserved.nanoCpus > cpus || node.reserved.memoryBytes > memory) return false
    for (const { kind, value } of node.reserved.generic) if (value > (kinds.get(kind) ?? sumOf(kind))) return false
    for (const [port, count] of node.hostPorts) if (count > Math.max(1, ports.get(port) ?? 0)) return false
    return true
  }
}
