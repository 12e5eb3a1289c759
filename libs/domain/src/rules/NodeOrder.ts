/**
 * Which node SwarmKit's scheduler chooses for one new task (swarmkit `manager/scheduler/scheduler.go:nodeLess`,
 * `scheduleNTasksOnSubtree`, `nodeset.go:tree`): among eligible nodes the one with the fewest tasks of the service, then with
 * the fewest tasks; placement preferences first choose a branch. Where nodes tie, Go's map order decides: all are returned.
 */
import type { NodeId } from "../Ids.ts"
import type { Service } from "../Service.ts"
import { labelOf } from "./Constraint.ts"
import { eligibleNodes, type Refusal } from "./Filters.ts"
import type { NodeLoad, NodeLoads } from "./NodeLoad.ts"

/** From this many failures within five minutes on, a node is shunned for that version of the service. */
export const maxFailures = 5

/**
 * Recent failures of the service's tasks by node. SwarmKit keeps them in the leader's memory and shows them nowhere: who
 * has watched the tasks may know them.
 */
export type RecentFailures = ReadonlyMap<NodeId, number>

const noFailures: RecentFailures = new Map()

/** Negative when SwarmKit prefers `a`, positive when it prefers `b`, 0 when it has no opinion. */
export const compareNodes =
  (service: Service, failures: RecentFailures = noFailures) =>
  (a: NodeLoad, b: NodeLoad): number => {
    if (failures.size > 0) {
      const [failuresA, failuresB] = [failures.get(a.node.id) ?? 0, failures.get(b.node.id) ?? 0]
      if ((failuresA >= maxFailures || failuresB >= maxFailures) && failuresA !== failuresB)
        return failuresA - failuresB
    }
    return tasksOf(service, a) - tasksOf(service, b) || a.activeTasks - b.activeTasks
  }

const tasksOf = (service: Service, load: NodeLoad): number => load.activeByService.get(service.id) ?? 0

export interface Choices {
  /** The nodes of which SwarmKit takes one, by id; none when every node is refused. */
  readonly nodes: ReadonlyArray<NodeId>
  readonly refused: ReadonlyArray<Refusal>
}

/** Where the next task of the service may go, when it is the only one of its service to be placed. */
export const firstChoices = (service: Service, loads: NodeLoads, failures: RecentFailures = noFailures): Choices => {
  const { eligible, refused } = eligibleNodes(service, loads)
  const compare = compareNodes(service, failures)
  const descriptors = service.placement.preferences.filter(isSpreadDescriptor)
  const chosen = chooseInTree(service, [...loads.values()], descriptors, new Set(eligible), 1, compare)
  return { nodes: chosen.map(({ node }) => node.id).toSorted(), refused }
}

const best = (nodes: Iterable<NodeLoad>, compare: (a: NodeLoad, b: NodeLoad) => number): ReadonlyArray<NodeLoad> => {
  let found: Array<NodeLoad> = []
  for (const load of nodes) {
    const order = found[0] === undefined ? -1 : compare(load, found[0])
    if (order < 0) found = [load]
    else if (order === 0) found.push(load)
  }
  return found
}

/** Only spread over node or engine labels shapes the tree; other descriptors are passed over, as SwarmKit does. */
export const isSpreadDescriptor = (descriptor: string): boolean => /^(node|engine)\.labels\../i.test(descriptor)

/**
 * The tree of preferences for one task. Tasks are evened out between branches, counting those on nodes that are not eligible
 * too; which of the branches below the mean comes first is left to chance, so every one of them may.
 */
const chooseInTree = (
  service: Service,
  nodes: ReadonlyArray<NodeLoad>,
  [descriptor, ...deeper]: ReadonlyArray<string>,
  eligible: ReadonlySet<NodeLoad>,
  wanted: number,
  compare: (a: NodeLoad, b: NodeLoad) => number
): ReadonlyArray<NodeLoad> => {
  if (descriptor === undefined)
    return best(
      nodes.filter((load) => eligible.has(load)),
      compare
    )
  const branches = [...Map.groupBy(nodes, ({ node }) => labelOf(descriptor, node) ?? "").values()].map((members) => ({
    members,
    tasks: members.reduce((sum, load) => sum + tasksOf(service, load), 0)
  }))
  let open = branches
  while (open.length > 0) {
    const total = open.reduce((sum, branch) => sum + branch.tasks, 0) + wanted
    const perBranch = Math.floor(total / open.length)
    const remainder = total % open.length
    const below = open.filter(({ tasks }) => tasks < perBranch || (tasks === perBranch && remainder > 0))
    const choices = below.flatMap(({ members, tasks }) => {
      const share = perBranch - tasks + (remainder > 0 ? 1 : 0)
      return chooseInTree(service, members, deeper, eligible, share, compare)
    })
    if (choices.length > 0 || below.length === 0) return choices
    open = open.filter((branch) => !below.includes(branch))
  }
  return []
}

/**
 * Whether the service's preferences leave the spread over nodes as it is without them: there are none that count, or one
 * level of them in which all these nodes share one branch or each has one of its own.
 */
export const preferencesArePlain = (service: Service, nodes: ReadonlyArray<NodeLoad["node"]>): boolean => {
  const descriptors = service.placement.preferences.filter(isSpreadDescriptor)
  const [descriptor, second] = descriptors
  if (descriptor === undefined) return true
  const branches = new Set(nodes.map((node) => labelOf(descriptor, node) ?? "")).size
  if (branches <= 1) return descriptors.every((each) => new Set(nodes.map((node) => labelOf(each, node))).size <= 1)
  return second === undefined && branches === nodes.length
}
