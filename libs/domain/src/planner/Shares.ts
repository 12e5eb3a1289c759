/**
 * How unevenly nodes are reserved: for CPU and for memory, by how much each open node's reserved share of its own lies outside
 * the tolerated range around the cluster's share. A node that does not say what it has is left out.
 */
import type { Claim } from "../rules/NodeLoad.ts"
import type { PlanNode } from "./PlanNode.ts"
import type { PlannerPolicy } from "./PlannerPolicy.ts"

type Kind = "nanoCpus" | "memoryBytes"

interface Measure {
  readonly kind: Kind
  readonly weight: number
  /** Reserved of all there is; moves between open nodes leave it as it is. */
  readonly mean: number
}

export class Shares {
  readonly #open: ReadonlyArray<PlanNode>
  readonly #tolerance: number
  /** `ofNode` of each node as it is, by number. */
  readonly #now: Float64Array
  /** Empty where no service with reservations may be moved: then nothing can be done about it. */
  readonly #measures: ReadonlyArray<Measure>

  constructor(nodes: ReadonlyArray<PlanNode>, { loadTolerance, weights }: PlannerPolicy, isMovable: boolean) {
    const open = nodes.filter(({ isOpen }) => isOpen)
    this.#open = open
    this.#tolerance = Math.max(0, loadTolerance)
    const measure = (kind: Kind, weight: number): ReadonlyArray<Measure> => {
      let [reserved, capacity] = [0, 0]
      for (const node of open) {
        if (node.node.resources[kind] <= 0) continue
        reserved += node.reserved[kind]
        capacity += node.node.resources[kind]
      }
      return weight <= 0 || capacity === 0 ? [] : [{ kind, weight, mean: reserved / capacity }]
    }
    this.#measures = isMovable ? [...measure("nanoCpus", weights.cpu), ...measure("memoryBytes", weights.memory)] : []
    this.#now = new Float64Array(nodes.length)
    for (const node of nodes) this.changed(node)
  }

  /** To be told of every node of which more or less is reserved. */
  changed(node: PlanNode): void {
    if (this.#measures.length > 0) this.#now[node.index] = this.#with(node, null, 0)
  }

  #outside({ kind, weight, mean }: Measure, { node, reserved }: PlanNode, more: number): number {
    const capacity = node.resources[kind]
    if (capacity <= 0) return 0
    return weight * Math.max(0, Math.abs((reserved[kind] + more) / capacity - mean) - this.#tolerance)
  }

  /** By how much one node lies outside the range. */
  ofNode(node: PlanNode): number {
    return this.#now[node.index] ?? 0
  }

  #with(node: PlanNode, claim: Claim | null, sign: number): number {
    let sum = 0
    for (const measure of this.#measures)
      sum += this.#outside(measure, node, sign * (claim?.reserved[measure.kind] ?? 0))
    return sum
  }

  /** Whether the node has more reserved than the cluster on average, where that counts most. */
  isAbove(node: PlanNode): boolean {
    let sum = 0
    for (const { kind, weight, mean } of this.#measures) {
      const capacity = node.node.resources[kind]
      if (capacity > 0) sum += weight * (node.reserved[kind] / capacity - mean)
    }
    return sum > 0
  }

  deviation(): number {
    if (this.#measures.length === 0) return 0
    let sum = 0
    for (const node of this.#open) sum += this.ofNode(node)
    return sum
  }

  delta(from: PlanNode, to: PlanNode, claim: Claim): number {
    if (this.#measures.length === 0) return 0
    const before = this.ofNode(from) + this.ofNode(to)
    const delta = this.#with(from, claim, -1) + this.#with(to, claim, 1) - before
    return Math.abs(delta) < 1e-12 ? 0 : delta
  }

  /** The largest of the node's reserved shares of its own. */
  share(node: PlanNode): number {
    let largest = 0
    for (const { kind } of this.#measures) {
      const capacity = node.node.resources[kind]
      if (capacity > 0) largest = Math.max(largest, node.reserved[kind] / capacity)
    }
    return largest
  }
}
