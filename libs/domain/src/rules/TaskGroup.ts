/**
 * How SwarmKit's scheduler places a group of equal tasks at once (swarmkit `manager/scheduler/scheduler.go:scheduleTaskGroup`,
 * `scheduleNTasksOnSubtree`, `scheduleNTasksOnNodes`; `nodeset.go:tree`): the best nodes in order, each filled until the next
 * is better, then one task each in turn; preferences split the group over branches first. What is left to chance there is
 * asked of the caller. Which node is better is `NodeOrder`'s matter, which may be used `Filters`'s.
 */
import type { Node } from "../Node.ts"
import type { Service } from "../Service.ts"
import { labelOf } from "./Constraint.ts"
import { type FilterName, firstRefusal, type Refusal } from "./Filters.ts"
import type { NodeLoad } from "./NodeLoad.ts"
import { compareNodes, isSpreadDescriptor, type RecentFailures } from "./NodeOrder.ts"

export interface GroupPlacement {
  /** The node's load as it is now, placements made included. */
  readonly loadOf: (load: NodeLoad) => NodeLoad
  /** Nodes that tie, in the order in which they are to be tried; taken from only as far as needed. */
  readonly orderTies: (tied: ReadonlyArray<NodeLoad>) => Iterable<NodeLoad>
  /** Branches of the preferences' tree, by label value, in the order in which they are to be filled. */
  readonly orderBranches: (values: ReadonlyArray<string>) => Iterable<string>
  /** Puts one task of the group on the node. */
  readonly place: (load: NodeLoad) => void
}

export interface GroupResult {
  readonly placed: number
  /** By which filters nodes were refused, as `Filters.explain` reads it; a node counts as often as it was asked. */
  readonly refused: ReadonlyArray<Refusal>
}

interface Branch {
  /** Tasks of the service on all its nodes, those that may not be used too. */
  readonly tasks: number
  readonly below: ReadonlyMap<string, Branch> | null
  /** A leaf's nodes that passed the filters. */
  readonly nodes: ReadonlyArray<NodeLoad>
}

/** Places up to `count` tasks. `loads` are all nodes of the Swarm. */
export const placeGroup = (
  service: Service,
  loads: Iterable<NodeLoad>,
  count: number,
  failures: RecentFailures,
  placement: GroupPlacement
): GroupResult => {
  const refused = new Map<FilterName, Array<Node>>()
  const refusalOf = firstRefusal(service)
  const passes = (load: NodeLoad): boolean => {
    const filter = refusalOf(load)
    if (filter === null) return true
    const found = refused.get(filter)
    if (found === undefined) refused.set(filter, [load.node])
    else found.push(load.node)
    return false
  }
  const compare = compareNodes(service, failures)
  const ordered = (nodes: ReadonlyArray<NodeLoad>) => firstInOrder(nodes, count, compare, placement.orderTies)
  const descriptors = service.placement.preferences.filter(isSpreadDescriptor)
  const root = branchOf(service, [...loads], descriptors, passes)

  const visited = new Set<Branch>()
  const fill = (branch: Branch, wanted: number): number => {
    if (branch.below === null) {
      // A leaf's nodes have passed the filters once; they are asked again only when the leaf is filled again.
      const usable = visited.has(branch) ? branch.nodes.map(placement.loadOf).filter(passes) : branch.nodes
      visited.add(branch)
      return fillNodes(ordered(usable), wanted, passes, compare, placement)
    }
    return fillBranches(branch, branch.below, wanted)
  }

  const fillBranches = (branch: Branch, below: ReadonlyMap<string, Branch>, wanted: number): number => {
    let placed = 0
    let tasksInUsable = branch.tasks
    const full = new Set<string>()
    let converging = true
    while (placed !== wanted && full.size !== below.size && converging) {
      const open = below.size - full.size
      const perBranch = Math.floor((tasksInUsable + wanted - placed) / open)
      let remainder = (tasksInUsable + wanted - placed) % open
      converging = false
      for (const value of placement.orderBranches([...below.keys()].filter((key) => !full.has(key)))) {
        const next = below.get(value)
        if (next === undefined || (next.tasks >= perBranch && !(next.tasks === perBranch && remainder > 0))) continue
        converging = true
        const share = perBranch - next.tasks + (remainder > 0 ? 1 : 0)
        const done = fill(next, share)
        if (done < share) {
          full.add(value)
          tasksInUsable -= next.tasks
        } else if (remainder > 0) remainder--
        placed += done
      }
    }
    return placed
  }

  const placed = fill(root, count)
  return { placed, refused: [...refused].map(([filter, nodes]) => ({ filter, nodes })) }
}

const branchOf = (
  service: Service,
  members: ReadonlyArray<NodeLoad>,
  [descriptor, ...deeper]: ReadonlyArray<string>,
  passes: (load: NodeLoad) => boolean
): Branch => {
  const tasks = members.reduce((sum, load) => sum + (load.activeByService.get(service.id) ?? 0), 0)
  if (descriptor === undefined) return { tasks, below: null, nodes: members.filter(passes) }
  const groups = Map.groupBy(members, ({ node }) => labelOf(descriptor, node) ?? "")
  const below = new Map([...groups].map(([value, nodes]) => [value, branchOf(service, nodes, deeper, passes)]))
  return { tasks, below, nodes: [] }
}

/** Up to so many nodes are picked out one group of ties after the other; for more of them all nodes are sorted. */
const fewNodes = 8

/** The best `limit` nodes, best first: SwarmKit keeps no more of them than there are tasks in the group. */
const firstInOrder = (
  nodes: ReadonlyArray<NodeLoad>,
  limit: number,
  compare: (a: NodeLoad, b: NodeLoad) => number,
  orderTies: GroupPlacement["orderTies"]
): Array<NodeLoad> => {
  const sorted = limit <= fewNodes ? bestFirst(nodes, limit, compare) : nodes.toSorted(compare)
  const first: Array<NodeLoad> = []
  let from = 0
  while (from < sorted.length && first.length < limit) {
    const best = sorted[from]
    let to = from + 1
    for (
      let next = sorted[to];
      best !== undefined && next !== undefined && compare(best, next) === 0;
      next = sorted[to]
    )
      to++
    for (const load of orderTies(sorted.slice(from, to))) {
      first.push(load)
      if (first.length === limit) break
    }
    from = to
  }
  return first
}

/** At least the best `limit` nodes, best first, and with each of them those that tie with it. */
const bestFirst = (
  nodes: ReadonlyArray<NodeLoad>,
  limit: number,
  compare: (a: NodeLoad, b: NodeLoad) => number
): ReadonlyArray<NodeLoad> => {
  const found: Array<NodeLoad> = []
  while (found.length < limit && found.length < nodes.length) {
    const last = found.at(-1)
    let tied: Array<NodeLoad> = []
    for (const load of nodes) {
      if (last !== undefined && compare(load, last) <= 0) continue
      const [best] = tied
      const order = best === undefined ? -1 : compare(load, best)
      if (order < 0) tied = [load]
      else if (order === 0) tied.push(load)
    }
    found.push(...tied)
  }
  return found
}

/**
 * First each node in order gets tasks until the next one is better; past the last one, one task each in turn. A node that no
 * longer passes the filters is left out from then on.
 */
const fillNodes = (
  nodes: Array<NodeLoad>,
  wanted: number,
  passes: (load: NodeLoad) => boolean,
  compare: (a: NodeLoad, b: NodeLoad) => number,
  { loadOf, place }: GroupPlacement
): number => {
  const exhausted = new Set<number>()
  let at = 0
  let placed = 0
  while (placed < wanted) {
    const index = at % nodes.length
    const load = nodes[index]
    if (load === undefined) return placed
    place(load)
    const now = loadOf(load)
    nodes[index] = now
    placed++
    if (placed === wanted) return placed
    const next = nodes[at + 1]
    if (next === undefined || compare(next, now) < 0) at++
    const from = at
    for (;;) {
      const candidate = nodes[at % nodes.length]
      if (candidate === undefined) return placed
      if (!exhausted.has(at % nodes.length) && passes(candidate)) break
      exhausted.add(at % nodes.length)
      at++
      if (at - from === nodes.length) return placed
    }
  }
  return placed
}
