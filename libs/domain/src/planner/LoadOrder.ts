/**
 * The nodes that take tasks from the one with the fewest active tasks to the one with the most, by number among equals. Kept in order as
 * counts change by one, in time proportional to the nodes that it passes.
 */
import type { PlanNode } from "./PlanNode.ts"

export class LoadOrder {
  readonly #loads: ReadonlyArray<PlanNode>
  readonly #nodes: Array<number>
  readonly #places: Int32Array

  constructor(loads: ReadonlyArray<PlanNode>) {
    this.#loads = loads
    this.#nodes = loads
      .filter(({ node }) => node.isSchedulable)
      .map(({ index }) => index)
      .toSorted((a, b) => this.#compare(a, b))
    this.#places = new Int32Array(loads.length).fill(-1)
    for (const [place, node] of this.#nodes.entries()) this.#places[node] = place
  }

  get ascending(): ReadonlyArray<number> {
    return this.#nodes
  }

  /** To be told of every node whose count has changed. */
  changed(node: number): void {
    let place = this.#places[node] ?? -1
    if (place < 0) return
    while (place > 0 && this.#compare(this.#nodes[place - 1] ?? -1, node) > 0) this.#swap(place, --place)
    while (place < this.#nodes.length - 1 && this.#compare(node, this.#nodes[place + 1] ?? -1) > 0)
      this.#swap(place, ++place)
  }

  #swap(a: number, b: number): void {
    const [nodeA, nodeB] = [this.#nodes[a] ?? 0, this.#nodes[b] ?? 0]
    this.#nodes[a] = nodeB
    this.#nodes[b] = nodeA
    this.#places[nodeA] = b
    this.#places[nodeB] = a
  }

  #compare(a: number, b: number): number {
    return (this.#loads[a]?.activeTasks ?? 0) - (this.#loads[b]?.activeTasks ?? 0) || a - b
  }
}
