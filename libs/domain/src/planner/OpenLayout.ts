/**
 * Reads a snapshot into a `Layout`: sorts the services into those that may be moved and those that stay, and counts, in one
 * pass over the tasks.
 */
import { isPlaced, skewOf } from "../Balance.ts"
import type { ServiceId } from "../Ids.ts"
import * as Movability from "../Movability.ts"
import type { Pausable } from "../Pausable.ts"
import type { KeptReason } from "../Plan.ts"
import * as Filters from "../rules/Filters.ts"
import * as NodeLoad from "../rules/NodeLoad.ts"
import type { Service } from "../Service.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Task } from "../Task.ts"
import * as Branches from "./Branches.ts"
import { type Group, Layout, type Member } from "./Layout.ts"
import * as MoveLabels from "./MoveLabels.ts"
import * as NodeClasses from "./NodeClasses.ts"
import type { PlannerPolicy } from "./PlannerPolicy.ts"
import { PlanNode } from "./PlanNode.ts"
import * as SpecFacts from "./SpecFacts.ts"

/** A move of a service whose clients keep to its tasks is this much dearer than its label says. */
const stickyFactor = 2

/** A move that leaves a gap is this much dearer: where one without is as good, that one is made. */
const gapFactor = 10

export function* open(snapshot: Snapshot, policy: PlannerPolicy): Pausable<Layout> {
  const nodes = snapshot.nodes.map(
    (node, index) => new PlanNode(index, node, node.isSchedulable && !policy.excludedNodes.has(node.id))
  )
  const indexOf = new Map(nodes.map(({ id, index }) => [id, index]))
  const classOf = NodeClasses.finder(snapshot.nodes, (node) => policy.excludedNodes.has(node.id))
  const groups = new GroupCounts(nodes.length)
  const members: Array<Member> = []
  const fixed = new Map<ServiceId, KeptReason>()
  const fixedSkews: Array<number> = []

  for (const service of snapshot.services) {
    yield
    const specs = SpecFacts.of(service)
    const tasks = snapshot.tasksOfService(service.id)
    let claim: NodeLoad.Claim | null = null
    for (const task of tasks) {
      const own = specs.claimOf(task)
      if (own === null) continue
      nodes[indexOf.get(task.node ?? ("" as never)) ?? -1]?.change(own, 1)
      if (own.active && Movability.isWanted(task)) claim ??= own
    }
    const isReplicated = service.mode.kind === "replicated"
    const eligible = isReplicated ? classOf(service) : null
    const labels = MoveLabels.of(service)
    const group = eligible === null ? -1 : groups.count(labels.group, eligible, tasks, indexOf)
    const movability = Movability.of(snapshot, service, policy, specs)
    if (movability._tag === "Movable" && eligible !== null) {
      const [only] = movability.tasks
      const home = movability.strategy === "pin" ? (only?.node ?? null) : null
      if (home !== null && eligible.has[indexOf.get(home) ?? -1] !== 1)
        fixed.set(service.id, { _tag: "NodeClosed", node: home })
      else {
        const counts = new Map<number, number>()
        for (const { node } of movability.tasks) {
          const index = node === null ? -1 : (indexOf.get(node) ?? -1)
          counts.set(index, (counts.get(index) ?? 0) + 1)
        }
        const parts = { service, tasks: movability.tasks, counts, group, nodes: eligible, labels, claim }
        const member = memberOf(parts, snapshot)
        members.push(member)
        continue
      }
    } else if (movability._tag === "Fixed") fixed.set(service.id, movability.reason)
    if (eligible !== null) fixedSkews.push(skewOfFixed(tasks, eligible, indexOf))
  }
  countOrphans(snapshot, nodes, indexOf)
  return new Layout({ snapshot, policy, nodes, members, fixed, groups: groups.all(), fixedSkews })
}

const memberOf = (
  parts: {
    readonly service: Service
    readonly tasks: ReadonlyArray<Task>
    readonly counts: Map<number, number>
    readonly group: number
    readonly nodes: NodeClasses.NodeClass
    readonly labels: MoveLabels.MoveLabels
    readonly claim: NodeLoad.Claim | null
  },
  snapshot: Snapshot
): Member => {
  const { service, tasks, counts, group, nodes, labels } = parts
  const claim = parts.claim ?? NodeLoad.claimOfNewTask(service)
  const isSingle = tasks.length === 1
  return {
    service,
    isSingle,
    group,
    nodes,
    cost: labels.cost * (labels.isSticky ? stickyFactor : 1) * (labels.isStopFirst ? gapFactor : 1),
    claim,
    reserves: claim.reserved.nanoCpus > 0 || claim.reserved.memoryBytes > 0,
    isStopFirst: labels.isStopFirst,
    branches: isSingle ? null : Branches.of(service, snapshot.nodes, nodes),
    refusal: Filters.firstRefusal(service),
    tasks,
    counts
  }
}

const skewOfFixed = (
  tasks: ReadonlyArray<Task>,
  { indexes, has }: NodeClasses.NodeClass,
  indexOf: ReadonlyMap<string, number>
): number => {
  const counts = new Map<number, number>()
  for (const task of tasks) {
    const index = task.node === null || !isPlaced(task) ? -1 : (indexOf.get(task.node) ?? -1)
    if (has[index] === 1) counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  return skewOf(counts.size < indexes.length ? [...counts.values(), 0] : counts.values())
}

/** Tasks whose service is gone still hold what they have until they end. */
const countOrphans = (
  snapshot: Snapshot,
  nodes: ReadonlyArray<PlanNode>,
  indexOf: ReadonlyMap<string, number>
): void => {
  for (const task of snapshot.tasks) {
    if (task.node === null || snapshot.service(task.service) !== undefined) continue
    const claim = NodeLoad.claimOfTask(task, undefined)
    if (claim !== null) nodes[indexOf.get(task.node) ?? -1]?.change(claim, 1)
  }
}

class GroupCounts {
  readonly #nodes: number
  readonly #groups = new Map<
    string,
    { index: number; counts: Int32Array; eligible: Uint8Array; classes: Set<NodeClasses.NodeClass> }
  >()

  constructor(nodes: number) {
    this.#nodes = nodes
  }

  /** Counts a service in and gives its group's number; -1 for none. */
  count(
    name: string | null,
    nodes: NodeClasses.NodeClass,
    tasks: ReadonlyArray<Task>,
    indexOf: ReadonlyMap<string, number>
  ): number {
    if (name === null) return -1
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = {
        index: this.#groups.size,
        counts: new Int32Array(this.#nodes),
        eligible: new Uint8Array(this.#nodes),
        classes: new Set()
      }
      this.#groups.set(name, group)
    }
    if (!group.classes.has(nodes)) {
      group.classes.add(nodes)
      for (const index of nodes.indexes) group.eligible[index] = 1
    }
    for (const task of tasks) {
      if (task.node === null || !isPlaced(task)) continue
      const index = indexOf.get(task.node)
      if (index !== undefined) group.counts[index] = (group.counts[index] ?? 0) + 1
    }
    return group.index
  }

  all(): ReadonlyArray<Group> {
    return [...this.#groups].map(([name, { counts, eligible }]) => {
      const nodes: Array<number> = []
      for (const [node, is] of eligible.entries()) if (is === 1) nodes.push(node)
      return { name, nodes, has: eligible, counts }
    })
  }
}
