/**
 * How a service's tasks are spread over the values of its placement preferences. Each descriptor splits the branches of the
 * one before it (swarmkit `manager/scheduler/nodeset.go:tree`), and an earlier one outweighs all later ones.
 */
import type { Node } from "../Node.ts"
import { labelOf } from "../rules/Constraint.ts"
import { isSpreadDescriptor } from "../rules/NodeOrder.ts"
import type { Service } from "../Service.ts"
import type { NodeClass } from "./NodeClasses.ts"

const levelScale = 2 ** 20

export class Branches {
  readonly descriptors: ReadonlyArray<string>
  /** For each level the branch of each node, by number. */
  readonly levels: ReadonlyArray<Int32Array>
  /** For each level the branches that eligible nodes lie in. */
  readonly #eligible: ReadonlyArray<ReadonlySet<number>>

  constructor(descriptors: ReadonlyArray<string>, levels: ReadonlyArray<Int32Array>, nodes: NodeClass) {
    this.descriptors = descriptors
    this.levels = levels
    this.#eligible = levels.map((level) => new Set(nodes.indexes.map((node) => level[node] ?? 0)))
  }

  #weight(level: number): number {
    return levelScale ** (this.levels.length - 1 - level)
  }

  /** Tasks by branch of one level. */
  countsAt(level: number, counts: ReadonlyMap<number, number>): ReadonlyMap<number, number> {
    const branches = new Map<number, number>()
    for (const branch of this.#eligible[level] ?? []) branches.set(branch, 0)
    for (const [node, count] of counts) {
      const branch = this.levels[level]?.[node] ?? 0
      branches.set(branch, (branches.get(branch) ?? 0) + count)
    }
    return branches
  }

  cost(counts: ReadonlyMap<number, number>): number {
    let sum = 0
    for (const level of this.levels.keys())
      for (const count of this.countsAt(level, counts).values()) sum += count * count * this.#weight(level)
    return sum
  }

  /** The smallest cost that any spread over the eligible branches has, and moves without which the first level has none so small. */
  bound(counts: ReadonlyMap<number, number>): { readonly fewest: number; readonly moves: number } {
    let [fewest, moves] = [0, 0]
    for (const level of this.levels.keys()) {
      const byBranch = [...this.countsAt(level, counts)]
      const inside = byBranch.flatMap(([branch, count]) => (this.#eligible[level]?.has(branch) === true ? [count] : []))
      const total = inside.reduce((sum, count) => sum + count, 0)
      const base = Math.floor(total / inside.length)
      const extra = total % inside.length
      const excess = inside
        .toSorted((a, b) => b - a)
        .map((count, i) => Math.max(0, count - (i < extra ? base + 1 : base)))
      const outside = byBranch.flatMap(([branch, count]) =>
        this.#eligible[level]?.has(branch) === true ? [] : [count]
      )
      const squares = outside.reduce((sum, count) => sum + count * count, 0)
      fewest += (squares + extra * (base + 1) ** 2 + (inside.length - extra) * base ** 2) * this.#weight(level)
      if (level === 0) moves = excess.reduce((sum, count) => sum + count, 0)
    }
    return { fewest, moves }
  }

  delta(counts: ReadonlyMap<number, number>, from: number, to: number): number {
    let sum = 0
    for (const [level, branchOf] of this.levels.entries()) {
      const [left, reached] = [branchOf[from] ?? 0, branchOf[to] ?? 0]
      if (left === reached) continue
      const branches = this.countsAt(level, counts)
      sum += 2 * ((branches.get(reached) ?? 0) - (branches.get(left) ?? 0) + 1) * this.#weight(level)
    }
    return sum
  }

  /** The largest difference between eligible branches that share all earlier levels, or between eligible nodes of one branch. */
  skew(counts: ReadonlyMap<number, number>, nodes: NodeClass): number {
    const ranges = new Map<string, readonly [number, number]>()
    const add = (level: number, parent: number, count: number) => {
      const key = `${level} ${parent}`
      const [smallest, largest] = ranges.get(key) ?? [Infinity, -Infinity]
      ranges.set(key, [Math.min(smallest, count), Math.max(largest, count)])
    }
    const parentOf = (level: number, node: number): number => this.levels[level - 1]?.[node] ?? 0
    for (const level of this.levels.keys()) {
      const byBranch = this.countsAt(level, counts)
      for (const node of nodes.indexes)
        add(level, parentOf(level, node), byBranch.get(this.levels[level]?.[node] ?? 0) ?? 0)
    }
    for (const node of nodes.indexes) add(this.levels.length, parentOf(this.levels.length, node), counts.get(node) ?? 0)
    return Math.max(0, ...ranges.values().map(([smallest, largest]) => largest - smallest))
  }
}

/** The branches of a service; null where its preferences leave all eligible nodes together at every level. */
export const of = (service: Service, all: ReadonlyArray<Node>, nodes: NodeClass): Branches | null => {
  const descriptors = service.placement.preferences.filter(isSpreadDescriptor)
  if (descriptors.length === 0) return null
  const levels: Array<Int32Array> = []
  let paths = all.map(() => "")
  for (const descriptor of descriptors) {
    paths = all.map((node, i) => `${paths[i]}\n${labelOf(descriptor, node) ?? ""}`)
    const numbers = new Map([...new Set(paths)].map((path, number) => [path, number]))
    levels.push(Int32Array.from(paths, (path) => numbers.get(path) ?? 0))
  }
  const differs = levels.some((level) => new Set(nodes.indexes.map((node) => level[node])).size > 1)
  return differs ? new Branches(descriptors, levels, nodes) : null
}
