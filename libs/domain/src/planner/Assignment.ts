/**
 * Where single tasks should be: the assignment of units to nodes that evens out groups first, then nodes, with the fewest and
 * cheapest displacements. A minimum-cost flow with convex costs on a tree (unit → group on node → node → sink), solved by
 * cancelling negative cycles of the residual graph (Klein 1967) from the present placement, which Bellman-Ford finds.
 * Costs are compared level by level, exactly; the optimum is unique but for hash collisions, so that after a part of the
 * displacements has been made the same assignment is found again.
 *
 * With U units, N nodes and G groups a cancellation takes O(P·(U·N + G·N)), where P, the number of passes, is about the length
 * of the cycles (tens at most in practice); there are about as many cancellations as displacements. Knows nothing of Swarm.
 */

import type { Pausable } from "../Pausable.ts"

/** A task that can be put on any of its nodes by itself. Nodes and groups are numbered from 0. */
export interface Unit {
  /** Breaks ties between equal solutions: the same key always in the same way. */
  readonly key: string
  /** Its group, or null for none. */
  readonly group: number | null
  readonly at: number
  /** Nodes it may be on; holds `at`. */
  readonly allowed: ReadonlyArray<number>
  /** What displacing it costs, compared after the number of displacements: a whole number up to 16,383. */
  readonly cost: number
}

export interface AssignmentProblem {
  readonly nodeKeys: ReadonlyArray<string>
  readonly groups: number
  readonly units: ReadonlyArray<Unit>
  /** Tasks of group g on node n that are no units, at `g * nodes + n`. */
  readonly groupBackground: ArrayLike<number>
  /** Tasks on each node that are no units. */
  readonly nodeBackground: ArrayLike<number>
  /** Whether nodes are to be evened out at all. */
  readonly evenNodes: boolean
}

// Four levels in two exact integers. High: group squares before node squares. Low: displacements, their cost, the hash.
const groupScale = 2 ** 26
const moveScale = 2 ** 43
const costScale = 2 ** 24
const hashRange = 2 ** 16
const mostCost = 2 ** 14 - 1

/** The node of each unit in the best assignment. */
export function* solve(problem: AssignmentProblem): Pausable<ReadonlyArray<number>> {
  const residual = new Residual(problem)
  while (residual.cancelOnce()) yield
  return [...residual.at]
}

/** FNV-1a over UTF-16 code units, folded to the range of tie-breaks. */
const tieBreak = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  hash ^= hash >>> 12
  return (hash >>> 0) % hashRange
}

/** Arcs in columns: a search looks at all of them many times, and as objects they would mostly keep the collector busy. */
class Arcs {
  readonly from: Int32Array
  readonly to: Int32Array
  readonly high: Float64Array
  readonly low: Float64Array
  /** The unit that an arc displaces; -1 for arcs between the levels of the tree. */
  readonly unit: Int32Array
  length = 0

  constructor(capacity: number) {
    this.from = new Int32Array(capacity)
    this.to = new Int32Array(capacity)
    this.high = new Float64Array(capacity)
    this.low = new Float64Array(capacity)
    this.unit = new Int32Array(capacity)
  }

  push(from: number, to: number, high: number, low: number, unit: number): void {
    const index = this.length++
    this.from[index] = from
    this.to[index] = to
    this.high[index] = high
    this.low[index] = low
    this.unit[index] = unit
  }
}

const at = (values: ArrayLike<number>, index: number): number => values[index] ?? 0

/** The residual graph of one assignment. Vertices: the sink, then the nodes, then each group (none last) on each node. */
class Residual {
  readonly at: Array<number>
  readonly #problem: AssignmentProblem
  readonly #nodes: number
  readonly #vertices: number
  /** Tasks of each group on each node; units without a group in one more row that costs nothing. */
  readonly #groupCounts: Float64Array
  readonly #unitCounts: Int32Array
  readonly #nodeCounts: Float64Array
  readonly #tieBreaks: ReadonlyArray<Float64Array>
  readonly #arcs: Arcs

  constructor(problem: AssignmentProblem) {
    const nodes = problem.nodeKeys.length
    this.#problem = problem
    this.#nodes = nodes
    this.#vertices = 1 + nodes + (problem.groups + 1) * nodes
    this.at = problem.units.map((unit) => unit.at)
    this.#groupCounts = new Float64Array((problem.groups + 1) * nodes)
    this.#groupCounts.set(Array.from({ length: problem.groups * nodes }, (_, i) => at(problem.groupBackground, i)))
    this.#unitCounts = new Int32Array((problem.groups + 1) * nodes)
    this.#nodeCounts = Float64Array.from({ length: nodes }, (_, n) => at(problem.nodeBackground, n))
    this.#tieBreaks = problem.units.map((unit) =>
      Float64Array.from(unit.allowed, (node) => tieBreak(`${unit.key} ${problem.nodeKeys[node]}`))
    )
    this.#arcs = new Arcs(
      2 * nodes * (problem.groups + 2) + problem.units.reduce((sum, unit) => sum + unit.allowed.length, 0)
    )
    for (const unit of problem.units) this.#count(this.#row(unit), unit.at, 1)
  }

  #row(unit: Unit): number {
    return unit.group ?? this.#problem.groups
  }

  #count(row: number, node: number, by: 1 | -1): void {
    const cell = row * this.#nodes + node
    this.#groupCounts[cell] = at(this.#groupCounts, cell) + by
    this.#unitCounts[cell] = at(this.#unitCounts, cell) + by
    this.#nodeCounts[node] = at(this.#nodeCounts, node) + by
  }

  /** Cancels the negative cycles of one search; false when there was none. */
  cancelOnce(): boolean {
    this.#collectArcs()
    const arcs = this.#arcs
    const cycles = findNegativeCycles(arcs, this.#vertices)
    for (const arc of cycles.flat()) {
      const index = at(arcs.unit, arc)
      const unit = this.#problem.units[index]
      if (unit === undefined) continue
      const to = (at(arcs.to, arc) - 1) % this.#nodes
      this.#count(this.#row(unit), this.at[index] ?? unit.at, -1)
      this.#count(this.#row(unit), to, 1)
      this.at[index] = to
    }
    return cycles.length > 0
  }

  #collectArcs(): void {
    const { groups, evenNodes } = this.#problem
    const arcs = this.#arcs
    arcs.length = 0
    for (let node = 0; node < this.#nodes; node++) {
      const count = at(this.#nodeCounts, node)
      arcs.push(1 + node, 0, evenNodes ? 2 * count + 1 : 0, 0, -1)
      arcs.push(0, 1 + node, evenNodes ? 1 - 2 * count : 0, 0, -1)
    }
    for (let row = 0; row <= groups; row++)
      for (let node = 0; node < this.#nodes; node++) {
        const cell = row * this.#nodes + node
        const vertex = 1 + this.#nodes + cell
        const count = row === groups ? 0 : at(this.#groupCounts, cell)
        const weight = row === groups ? 0 : groupScale
        arcs.push(vertex, 1 + node, (2 * count + 1) * weight, 0, -1)
        if (at(this.#unitCounts, cell) > 0) arcs.push(1 + node, vertex, (1 - 2 * count) * weight, 0, -1)
      }
    this.#collectUnitArcs()
  }

  /** Between two nodes of a group only the cheapest of its units is worth an arc. */
  #collectUnitArcs(): void {
    const byCell = new Map<number, Array<number>>()
    this.#problem.units.forEach((unit, index) => {
      const cell = this.#row(unit) * this.#nodes + (this.at[index] ?? unit.at)
      const found = byCell.get(cell)
      if (found === undefined) byCell.set(cell, [index])
      else found.push(index)
    })
    const bestLow = new Float64Array(this.#nodes)
    const bestUnit = new Int32Array(this.#nodes)
    for (const [cell, indexes] of byCell) {
      bestUnit.fill(-1)
      for (const index of indexes) {
        const unit = this.#problem.units[index]
        if (unit === undefined) continue
        const leaving = this.#displacement(index, unit, unit.allowed.indexOf(this.at[index] ?? unit.at))
        for (let i = 0; i < unit.allowed.length; i++) {
          const node = unit.allowed[i] ?? 0
          const low = this.#displacement(index, unit, i) - leaving
          if (at(bestUnit, node) >= 0 && low >= at(bestLow, node)) continue
          bestLow[node] = low
          bestUnit[node] = index
        }
      }
      const row = Math.floor(cell / this.#nodes)
      const here = cell % this.#nodes
      const vertexOfRow = 1 + this.#nodes + row * this.#nodes
      for (let node = 0; node < this.#nodes; node++)
        if (node !== here && at(bestUnit, node) >= 0)
          this.#arcs.push(vertexOfRow + here, vertexOfRow + node, 0, at(bestLow, node), at(bestUnit, node))
    }
  }

  /** The low levels of a unit's cost on its `i`th allowed node: nothing where it stands now. */
  #displacement(index: number, unit: Unit, i: number): number {
    if (unit.allowed[i] === unit.at) return 0
    return moveScale + Math.min(mostCost, unit.cost) * costScale + at(this.#tieBreaks[index] ?? [], i)
  }
}

/**
 * Vertex-disjoint cycles of negative cost as indexes of arcs, or none when there is none. Bellman-Ford from everywhere at
 * once; after each pass the predecessors are searched for cycles, so that a search ends as soon as one has formed.
 */
const findNegativeCycles = (arcs: Arcs, vertices: number): ReadonlyArray<ReadonlyArray<number>> => {
  const high = new Float64Array(vertices)
  const low = new Float64Array(vertices)
  const via = new Int32Array(vertices).fill(-1)
  for (let pass = 0; pass <= vertices; pass++) {
    let changed = false
    for (let arc = 0; arc < arcs.length; arc++) {
      const from = at(arcs.from, arc)
      const to = at(arcs.to, arc)
      const newHigh = at(high, from) + at(arcs.high, arc)
      const oldHigh = at(high, to)
      if (newHigh > oldHigh) continue
      const newLow = at(low, from) + at(arcs.low, arc)
      if (newHigh === oldHigh && newLow >= at(low, to)) continue
      high[to] = newHigh
      low[to] = newLow
      via[to] = arc
      changed = true
    }
    if (!changed) return []
    const cycles = cyclesOf(arcs, via)
    if (cycles.length > 0) return cycles
  }
  return []
}

const cyclesOf = (arcs: Arcs, via: Int32Array): ReadonlyArray<ReadonlyArray<number>> => {
  const seenIn = new Int32Array(via.length)
  const cycles: Array<ReadonlyArray<number>> = []
  for (let start = 0; start < via.length; start++) {
    let vertex = start
    while (at(seenIn, vertex) === 0 && at(via, vertex) >= 0) {
      seenIn[vertex] = start + 1
      vertex = at(arcs.from, at(via, vertex))
    }
    if (at(seenIn, vertex) !== start + 1) continue
    const cycle: Array<number> = []
    let current = vertex
    do {
      const arc = at(via, current)
      cycle.push(arc)
      current = at(arcs.from, arc)
    } while (current !== vertex)
    if (isNegative(arcs, cycle)) cycles.push(cycle)
  }
  return cycles
}

const isNegative = (arcs: Arcs, cycle: ReadonlyArray<number>): boolean => {
  const high = cycle.reduce((sum, arc) => sum + at(arcs.high, arc), 0)
  return high < 0 || (high === 0 && cycle.reduce((sum, arc) => sum + at(arcs.low, arc), 0) < 0)
}
