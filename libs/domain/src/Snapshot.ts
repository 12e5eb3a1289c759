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

export class Snapshot {
  readonly nodes: ReadonlyArray<Node>
  readonly services: ReadonlyArray<Service>
  readonly tasks: ReadonlyArray<Task>
  readonly networks: ReadonlyArray<Network>
  readonly readBy: NodeId
  readonly readAtMillis: number
  readonly #nodeById: ReadonlyMap<NodeId, Node>
  readonly #serviceById: ReadonlyMap<ServiceId, Service>
  readonly #tasksByService: ReadonlyMap<ServiceId, ReadonlyArray<Task>>
  readonly #tasksByNode: ReadonlyMap<NodeId, ReadonlyArray<Task>>
  readonly #taskById: ReadonlyMap<TaskId, Task>

  /** Objects are sorted by id, so that the order in which the engine listed them changes nothing. */
  constructor(contents: SnapshotContents) {
    const byId = <A extends { readonly id: string }>(items: ReadonlyArray<A>) =>
      items.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    this.nodes = byId(contents.nodes)
    this.services = byId(contents.services)
    this.tasks = byId(contents.tasks)
    this.networks = byId(contents.networks)
    this.readBy = contents.readBy
    this.readAtMillis = contents.readAtMillis
    this.#nodeById = new Map(this.nodes.map((node) => [node.id, node]))
    this.#serviceById = new Map(this.services.map((service) => [service.id, service]))
    this.#taskById = new Map(this.tasks.map((task) => [task.id, task]))
    this.#tasksByService = Map.groupBy(this.tasks, (task) => task.service)
    const tasksByNode = new Map<NodeId, Array<Task>>()
    for (const task of this.tasks) {
      if (task.node === null) continue
      const found = tasksByNode.get(task.node)
      if (found === undefined) tasksByNode.set(task.node, [task])
      else found.push(task)
    }
    this.#tasksByNode = tasksByNode
  }

  node(id: NodeId): Node | undefined {
    return this.#nodeById.get(id)
  }

  service(id: ServiceId): Service | undefined {
    return this.#serviceById.get(id)
  }

  task(id: TaskId): Task | undefined {
    return this.#taskById.get(id)
  }

  tasksOfService(id: ServiceId): ReadonlyArray<Task> {
    return this.#tasksByService.get(id) ?? []
  }

  tasksOnNode(id: NodeId): ReadonlyArray<Task> {
    return this.#tasksByNode.get(id) ?? []
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
