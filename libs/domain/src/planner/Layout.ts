/**
 * Where the tasks are while a plan is being made: the nodes' loads, the tasks of the services that may be moved, the counts of
 * groups. Changed in place by `perform`, which can be taken back; what moves leave as it is lies beside it, worked out once.
 * Nodes are known by number, their place in the snapshot. Knows what a placement costs; decides nothing.
 */
import { skewOf } from "../Balance.ts"
import type { NodeId, ServiceId } from "../Ids.ts"
import type { KeptReason } from "../Plan.ts"
import * as Filters from "../rules/Filters.ts"
import * as NodeLoad from "../rules/NodeLoad.ts"
import type { Service } from "../Service.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Task } from "../Task.ts"
import { LoadOrder } from "./LoadOrder.ts"
import type { NodeClass } from "./NodeClasses.ts"
import type { PlannerPolicy } from "./PlannerPolicy.ts"
import { PlanNode } from "./PlanNode.ts"
import type { Branches } from "./Branches.ts"
import { Shares } from "./Shares.ts"
import type { Score } from "./Score.ts"
import { successor } from "./Simulate.ts"

/** A service that may be moved. */
export interface Member {
  readonly service: Service
  readonly isSingle: boolean
  /** Its group's number; -1 for none. */
  readonly group: number
  /** Nodes that its tasks may leave and go to: open, and allowed by the filters that judge the node itself. */
  readonly nodes: NodeClass
  /** How dear a move of it is: the label's, more for sticky clients. */
  readonly cost: number
  /** What each of its tasks takes of a node. */
  readonly claim: NodeLoad.Claim
  readonly reserves: boolean
  /** Its old task ends before the new one starts: it is never surged, and each of its moves leaves a gap. */
  readonly isStopFirst: boolean
  /** Null where its preferences make no difference. */
  readonly branches: Branches | null
  /** Whether a node takes one more of its tasks now; the filter that says no, or null. */
  readonly refusal: (load: NodeLoad.NodeLoad) => Filters.FilterName | null
  tasks: ReadonlyArray<Task>
  /** Tasks by node, for nodes that have any. */
  readonly counts: Map<number, number>
}

export interface Group {
  readonly name: string
  /** Eligible nodes of all its services, movable or not. */
  readonly nodes: ReadonlyArray<number>
  /** 1 for each of them. */
  readonly has: Uint8Array
  /** Tasks by node, those of services that stay included. */
  readonly counts: Int32Array
}

/** One task goes from one node to another. */
export interface Step {
  readonly member: Member
  readonly strategy: "pin" | "surge" | "empty"
  readonly task: Task
  readonly from: number
  readonly to: number
  readonly alternatives: ReadonlyArray<number>
}

export interface LayoutParts {
  readonly snapshot: Snapshot
  readonly policy: PlannerPolicy
  readonly nodes: ReadonlyArray<PlanNode>
  readonly members: ReadonlyArray<Member>
  readonly fixed: ReadonlyMap<ServiceId, KeptReason>
  readonly groups: ReadonlyArray<Group>
  /** Skew of every replicated service that stays. */
  readonly fixedSkews: ReadonlyArray<number>
}

export class Layout {
  readonly snapshot: Snapshot
  readonly policy: PlannerPolicy
  readonly nodes: ReadonlyArray<PlanNode>
  readonly open: ReadonlyArray<PlanNode>
  readonly loads: ReadonlyMap<NodeId, PlanNode>
  readonly members: ReadonlyArray<Member>
  readonly memberOf: ReadonlyMap<ServiceId, Member>
  readonly fixed: ReadonlyMap<ServiceId, KeptReason>
  readonly groups: ReadonlyArray<Group>
  readonly fixedSkews: ReadonlyArray<number>
  readonly shares: Shares
  readonly order: LoadOrder
  readonly #groupSkews: Array<number | null>

  constructor(parts: LayoutParts) {
    this.snapshot = parts.snapshot
    this.policy = parts.policy
    this.nodes = parts.nodes
    this.open = parts.nodes.filter(({ isOpen }) => isOpen)
    this.loads = new Map(parts.nodes.map((node) => [node.id, node]))
    this.members = parts.members
    this.memberOf = new Map(parts.members.map((member) => [member.service.id, member]))
    this.fixed = parts.fixed
    this.groups = parts.groups
    this.fixedSkews = parts.fixedSkews
    this.order = new LoadOrder(parts.nodes)
    this.shares = new Shares(
      parts.nodes,
      parts.policy,
      parts.members.some(({ reserves }) => reserves)
    )
    this.#groupSkews = parts.groups.map(() => null)
  }

  at(index: number): PlanNode {
    const node = this.nodes[index]
    if (node === undefined) throw new RangeError(`there is no node number ${index}`)
    return node
  }

  indexOf(id: NodeId | null): number {
    return (id === null ? undefined : this.loads.get(id))?.index ?? -1
  }

  groupCount({ group }: Member, node: number): number {
    return this.groups[group]?.counts[node] ?? 0
  }

  /** How uneven a service is by itself: over its eligible nodes, or, with preferences, over their values and the nodes in each. */
  ownSkew(member: Member): number {
    return member.branches?.skew(member.counts, member.nodes) ?? this.serviceSkew(member)
  }

  /** Skew of a service over its eligible nodes. */
  serviceSkew(member: Member): number {
    const { indexes, has } = member.nodes
    let [seen, smallest, largest] = [0, Infinity, 0]
    for (const [node, count] of member.counts) {
      if (has[node] !== 1) continue
      seen++
      if (count < smallest) smallest = count
      if (count > largest) largest = count
    }
    return indexes.length === 0 ? 0 : largest - (seen < indexes.length ? 0 : smallest)
  }

  groupSkew(group: number): number {
    const known = this.#groupSkews[group]
    if (known !== null && known !== undefined) return known
    const { nodes = [], counts } = this.groups[group] ?? {}
    const skew = skewOf(nodes.map((node) => counts?.[node] ?? 0))
    this.#groupSkews[group] = skew
    return skew
  }

  /** Skew of all active tasks over the open nodes. */
  nodeSkew(): number {
    let [smallest, largest] = [Infinity, 0]
    for (const { activeTasks } of this.open) {
      if (activeTasks < smallest) smallest = activeTasks
      if (activeTasks > largest) largest = activeTasks
    }
    return this.open.length === 0 ? 0 : largest - smallest
  }

  /** What changes in the score when a task of the member goes from one node to another. */
  delta(member: Member, from: number, to: number): Score {
    const { policy } = this
    const preferences = member.branches === null ? 0 : member.branches.delta(member.counts, from, to)
    const services = member.isSingle ? 0 : 2 * ((member.counts.get(to) ?? 0) - (member.counts.get(from) ?? 0) + 1)
    const groups = member.group < 0 ? 0 : 2 * (this.groupCount(member, to) - this.groupCount(member, from) + 1)
    const reservations = member.reserves ? this.shares.delta(this.at(from), this.at(to), member.claim) : 0
    const tasks = policy.weights.tasks === 0 ? 0 : 2 * (this.at(to).activeTasks - this.at(from).activeTasks + 1)
    return [preferences, services, groups, reservations, tasks]
  }

  /** Sums over everything that may be moved; the parts that no move changes are left out where that is cheaper. */
  score(): Score {
    let [preferences, services, groups, tasks] = [0, 0, 0, 0]
    for (const member of this.members) {
      if (member.isSingle) continue
      for (const count of member.counts.values()) services += count * count
      preferences += member.branches?.cost(member.counts) ?? 0
    }
    for (const { counts } of this.groups) for (const count of counts) groups += count * count
    if (this.policy.weights.tasks !== 0) for (const { activeTasks } of this.open) tasks += activeTasks * activeTasks
    return [preferences, services, groups, this.shares.deviation(), tasks]
  }

  /** Makes a step; the answer takes it back. */
  perform({ member, strategy, task, to }: Step): () => void {
    const before = member.tasks
    const added = successor(task, before, { strategy, to: this.at(to).id })
    this.displace(member, task, added)
    return () => {
      this.displace(member, added, task)
      member.tasks = before
    }
  }

  /** Puts `after` in the place of `before`, one of the member's tasks. */
  displace(member: Member, before: Task, after: Task): void {
    member.tasks = member.tasks.map((task) => (task === before ? after : task))
    this.#count(member, this.indexOf(before.node), -1)
    this.#count(member, this.indexOf(after.node), 1)
  }

  /** Puts all tasks of a member where these are; none takes it off every node. */
  place(member: Member, tasks: ReadonlyArray<Task>): void {
    if (member.tasks === tasks) return
    for (const { node } of member.tasks) this.#count(member, this.indexOf(node), -1)
    for (const { node } of tasks) this.#count(member, this.indexOf(node), 1)
    member.tasks = tasks
  }

  /** One task of the member more or fewer on a node. */
  #count(member: Member, index: number, by: 1 | -1): void {
    const node = this.at(index)
    node.change(member.claim, by)
    this.order.changed(index)
    if (member.reserves) this.shares.changed(node)
    const count = (member.counts.get(index) ?? 0) + by
    if (count === 0) member.counts.delete(index)
    else member.counts.set(index, count)
    const group = this.groups[member.group]
    if (group === undefined) return
    group.counts[index] = (group.counts[index] ?? 0) + by
    this.#groupSkews[member.group] = null
  }
}
