/**
 * One immutable value of the whole Swarm at one reading: nodes, services, tasks and networks, indexed for the questions that
 * planning and routing ask. It says what was read, never what should be; it does no I/O and reads no clock.
 */
import * as Schema from "effect/Schema"
import { NodeId, RaftIndex, type ServiceId, type TaskId } from "./Ids.ts"
import { Network } from "./Network.ts"
import { Node } from "./Node.ts"
import { Service } from "./Service.ts"
import { Task } from "./Task.ts"

/** The plain contents: what fixtures store and tests build. */
export const SnapshotContents = Schema.Struct({
  nodes: Schema.Array(Node),
  services: Schema.Array(Service),
  tasks: Schema.Array(Task),
  networks: Schema.Array(Network),
  /** The manager that was asked. */
  readBy: NodeId,
  /** Milliseconds since the epoch at which the reading began. */
  readAtMillis: Schema.Number
})
export type SnapshotContents = typeof SnapshotContents.Type

/** What is new since a snapshot. Lists as a whole; of tasks only those of the services named. */
export interface SnapshotChange extends Omit<SnapshotContents, "tasks"> {
  /** Every task that each of these services has now, in any order. Tasks of all others stay as they were. */
  readonly tasksOf: ReadonlyMap<ServiceId, ReadonlyArray<Task>>
}

/** Tasks in order, and by what is asked of them. */
interface TaskIndex {
  readonly tasks: ReadonlyArray<Task>
  readonly byService: ReadonlyMap<ServiceId, ReadonlyArray<Task>>
  readonly byNode: ReadonlyMap<NodeId, ReadonlyArray<Task>>
}

interface Identified {
  readonly id: string
}

const compareIds = (a: Identified, b: Identified): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
const byId = <A extends Identified>(items: ReadonlyArray<A>): ReadonlyArray<A> => items.toSorted(compareIds)

const onNodes = (tasks: ReadonlyArray<Task>): Map<NodeId, Array<Task>> => {
  const found = new Map<NodeId, Array<Task>>()
  for (const task of tasks) {
    if (task.node === null) continue
    const there = found.get(task.node)
    if (there === undefined) found.set(task.node, [task])
    else there.push(task)
  }
  return found
}

const indexOf = (tasks: ReadonlyArray<Task>): TaskIndex => {
  const sorted = byId(tasks)
  return { tasks: sorted, byService: Map.groupBy(sorted, ({ service }) => service), byNode: onNodes(sorted) }
}

/** Both in order already. */
const mergedById = (a: ReadonlyArray<Task>, b: ReadonlyArray<Task>): Array<Task> => {
  const merged: Array<Task> = []
  let at = 0
  for (const task of b) {
    for (let next = a[at]; next !== undefined && next.id < task.id; next = a[++at]) merged.push(next)
    merged.push(task)
  }
  for (let next = a[at]; next !== undefined; next = a[++at]) merged.push(next)
  return merged
}

const isSameList = (a: ReadonlyArray<Task>, b: ReadonlyArray<Task>): boolean =>
  a.length === b.length && a.every((task, at) => task === b[at])

/** The index with the tasks of some services replaced, at the cost of these and one pass over all. */
const reindexed = (before: TaskIndex, tasksOf: SnapshotChange["tasksOf"]): TaskIndex => {
  const changed = new Map<ServiceId, ReadonlyArray<Task>>()
  for (const [service, tasks] of tasksOf) {
    const sorted = byId(tasks)
    if (!isSameList(before.byService.get(service) ?? [], sorted)) changed.set(service, sorted)
  }
  if (changed.size === 0) return before
  const byService = new Map(before.byService)
  for (const [service, tasks] of changed)
    if (tasks.length === 0) byService.delete(service)
    else byService.set(service, tasks)
  const isKept = (task: Task) => !changed.has(task.service)
  const added = byId([...changed.values()].flat())
  const addedOn = onNodes(added)
  const gone = [...changed.keys()].flatMap((service) => before.byService.get(service) ?? [])
  const byNode = new Map(before.byNode)
  for (const node of new Set([...addedOn.keys(), ...onNodes(gone).keys()])) {
    const there = mergedById((before.byNode.get(node) ?? []).filter(isKept), addedOn.get(node) ?? [])
    if (there.length === 0) byNode.delete(node)
    else byNode.set(node, there)
  }
  return { tasks: mergedById(before.tasks.filter(isKept), added), byService, byNode }
}

export class Snapshot {
  readonly nodes: ReadonlyArray<Node>
  readonly services: ReadonlyArray<Service>
  readonly tasks: ReadonlyArray<Task>
  readonly networks: ReadonlyArray<Network>
  readonly readBy: NodeId
  readonly readAtMillis: number
  readonly #nodeById: ReadonlyMap<NodeId, Node>
  readonly #serviceById: ReadonlyMap<ServiceId, Service>
  readonly #index: TaskIndex
  #taskById: ReadonlyMap<TaskId, Task> | null = null

  /** Objects are sorted by id, so that the order in which the engine listed them changes nothing. */
  constructor(contents: SnapshotContents)
  /** Of the contents after a change, whose tasks are indexed already. */
  constructor(contents: Omit<SnapshotContents, "tasks">, index: TaskIndex)
  constructor(contents: Omit<SnapshotContents, "tasks"> & { readonly tasks?: ReadonlyArray<Task> }, index?: TaskIndex) {
    this.nodes = byId(contents.nodes)
    this.services = byId(contents.services)
    this.networks = byId(contents.networks)
    this.readBy = contents.readBy
    this.readAtMillis = contents.readAtMillis
    this.#nodeById = new Map(this.nodes.map((node) => [node.id, node]))
    this.#serviceById = new Map(this.services.map((service) => [service.id, service]))
    this.#index = index ?? indexOf(contents.tasks ?? [])
    this.tasks = this.#index.tasks
  }

  /** Equal to a snapshot made of all tasks anew. Lists of tasks that did not change are the very same ones. */
  after({ tasksOf, ...contents }: SnapshotChange): Snapshot {
    return new Snapshot(contents, reindexed(this.#index, tasksOf))
  }

  node(id: NodeId): Node | undefined {
    return this.#nodeById.get(id)
  }

  service(id: ServiceId): Service | undefined {
    return this.#serviceById.get(id)
  }

  task(id: TaskId): Task | undefined {
    this.#taskById ??= new Map(this.tasks.map((task) => [task.id, task]))
    return this.#taskById.get(id)
  }

  tasksOfService(id: ServiceId): ReadonlyArray<Task> {
    return this.#index.byService.get(id) ?? []
  }

  tasksOnNode(id: NodeId): ReadonlyArray<Task> {
    return this.#index.byNode.get(id) ?? []
  }

  /** The node with this id or hostname; a hostname that two nodes share names neither. */
  findNode(idOrHostname: string): Node | undefined {
    const byId = this.#nodeById.get(idOrHostname as NodeId)
    if (byId !== undefined) return byId
    const byHostname = this.nodes.filter((node) => node.hostname === idOrHostname)
    return byHostname.length === 1 ? byHostname[0] : undefined
  }

  /** The service with this id or full name. */
  findService(idOrName: string): Service | undefined {
    return this.#serviceById.get(idOrName as ServiceId) ?? this.services.find((service) => service.name === idOrName)
  }

  /** The manager that leads the raft group, as this reading has it. */
  get leader(): Node | undefined {
    return this.nodes.find((node) => node.manager?.leader === true)
  }

  /** Whether the manager that was asked leads the raft group: the only one whose rebalancer moves tasks. */
  get isReadByLeader(): boolean {
    return this.leader?.id === this.readBy
  }

  /** Whether more than half of the managers are reachable: without that a reading may be of the past. */
  get hasQuorum(): boolean {
    const managers = this.nodes.filter((node) => node.manager !== null)
    const reachable = managers.filter((node) => node.manager?.reachability === "reachable")
    return reachable.length * 2 > managers.length
  }

  /** The largest version index of all objects: the cluster's own clock, equal for equal contents on every manager. */
  get raftIndex(): RaftIndex {
    let largest = 0
    for (const objects of [this.nodes, this.services, this.tasks])
      for (const object of objects) if (object.version > largest) largest = object.version
    return RaftIndex.make(largest)
  }
}
