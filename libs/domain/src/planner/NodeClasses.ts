/**
 * Nodes that a service's tasks may be on at all, worked out once for all services that ask the same of a node: most services
 * of a cluster share a few placements. Nodes are numbered by their place in the snapshot, which is by id.
 */
import type { Node } from "../Node.ts"
import * as Filters from "../rules/Filters.ts"
import type { Service } from "../Service.ts"

export interface NodeClass {
  /** Numbers of the nodes, ascending. */
  readonly indexes: ReadonlyArray<number>
  /** 1 for every node of the class. */
  readonly has: Uint8Array
}

/** Finds the class of a service among the given nodes; those that take no tasks, and excluded ones, belong to none. */
export const finder = (
  nodes: ReadonlyArray<Node>,
  isExcluded: (node: Node) => boolean
): ((service: Service) => NodeClass) => {
  const open = nodes.flatMap((node, index) => (node.isSchedulable && !isExcluded(node) ? [{ node, index }] : []))
  const bySignature = new Map<string, NodeClass>()
  return (service) => {
    const signature = signatureOf(service)
    const known = bySignature.get(signature)
    if (known !== undefined) return known
    const mayRun = Filters.mayRun(service)
    const indexes = open.filter(({ node }) => mayRun(node)).map(({ index }) => index)
    const has = new Uint8Array(nodes.length)
    for (const index of indexes) has[index] = 1
    const made = { indexes, has }
    bySignature.set(signature, made)
    return made
  }
}

/** All that the filters which judge a node itself read of a service. */
const signatureOf = ({ placement, reservations, requiredPlugins, mounts }: Service): string => {
  const { constraints, platforms } = placement
  const hasClusterVolume = mounts.some(({ type }) => type === "cluster")
  const { nanoCpus, memoryBytes, generic } = reservations
  const asksNothing = constraints.length + platforms.length + generic.length + requiredPlugins.length === 0
  if (asksNothing && !hasClusterVolume) return `${nanoCpus} ${memoryBytes}`
  return JSON.stringify([constraints, platforms, nanoCpus, memoryBytes, generic, requiredPlugins, hasClusterVolume])
}
