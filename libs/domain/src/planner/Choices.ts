/**
 * Which nodes SwarmKit would choose from for one more task of a service (`rules/NodeOrder`). Without preferences that is a walk
 * over the nodes from the emptiest on; with them the whole tree is asked.
 */
import type { NodeId } from "../Ids.ts"
import * as Filters from "../rules/Filters.ts"
import * as NodeLoad from "../rules/NodeLoad.ts"
import { compareNodes, firstChoices } from "../rules/NodeOrder.ts"
import { Placement, Service } from "../Service.ts"
import type { Layout, Member } from "./Layout.ts"
import type { PlanNode } from "./PlanNode.ts"

/** Numbers of the nodes, all of them as good for Swarm; ascending. `without`: as if the constraint `node.id!=` excluded it. */
export const of = (layout: Layout, member: Member, without: PlanNode | null = null): ReadonlyArray<number> => {
  if (member.branches !== null)
    return firstChoices(constrained(member.service, without), loadsFor(layout, member, without)).nodes.map((id) =>
      layout.indexOf(id)
    )
  const compare = compareNodes(member.service)
  const mostOfIt = Math.max(0, ...member.counts.values())
  let best: PlanNode | null = null
  const found: Array<number> = []
  // In the order of Swarm's second criterion, once for each value of the first: the first node that passes is the best.
  for (let count = 0; count <= mostOfIt && best === null; count++)
    for (const index of layout.order.ascending) {
      const node = layout.at(index)
      if (best !== null && node.activeTasks > best.activeTasks) break
      if ((member.counts.get(index) ?? 0) !== count || node === without || member.refusal(node) !== null) continue
      if (best === null) best = node
      if (compare(node, best) === 0) found.push(index)
    }
  return found.toSorted((a, b) => a - b)
}

/**
 * What Swarm counts when it places the new task. Start-first, the old one is still wanted; stop-first, it is not any more, which
 * shows where values of a preference are compared.
 */
const loadsFor = (layout: Layout, { claim, isStopFirst }: Member, without: PlanNode | null): NodeLoad.NodeLoads =>
  isStopFirst && without !== null
    ? new Map<NodeId, NodeLoad.NodeLoad>(layout.loads).set(without.id, NodeLoad.withEndingClaim(without, claim))
    : layout.loads

/** Why there is none, in SwarmKit's words. */
export const explain = (layout: Layout, { service }: Member, without: PlanNode | null = null): string =>
  Filters.explain(firstChoices(constrained(service, without), layout.loads).refused)

/** The service with the constraint that a move adds. */
export const constrained = (service: Service, without: PlanNode | null): Service =>
  without === null ? service : withConstraint(service, without.id)

const withConstraint = (service: Service, donor: NodeId): Service => {
  const constraints = [...service.placement.constraints, `node.id!=${donor}`]
  return new Service({ ...service, placement: new Placement({ ...service.placement, constraints }, true) }, true)
}
