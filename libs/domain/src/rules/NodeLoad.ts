/**
 * What SwarmKit's scheduler knows of a node besides the node itself (swarmkit `manager/scheduler/nodeinfo.go`): how many tasks
 * count on it, in all and by service, and which resources and host ports are taken. A value: adding a task gives another one.
 */
import type { NodeId, ServiceId } from "../Ids.ts"
import { GenericResource, type Node, Resources } from "../Node.ts"
import type { Service } from "../Service.ts"
import type { Snapshot } from "../Snapshot.ts"
import { stateRank, stateRanks, type Task } from "../Task.ts"

export interface NodeLoad {
  readonly node: Node
  /** Active tasks (`Task.isActive`) of all services. */
  readonly activeTasks: number
  readonly activeByService: ReadonlyMap<ServiceId, number>
  /** Reserved by tasks that have not ended, whether or not they are still wanted. */
  readonly reserved: Resources
  /** How many tasks bind `<protocol>/<published port>` on the node itself. */
  readonly hostPorts: ReadonlyMap<string, number>
}

/** Loads of all nodes, by id, in the order of the snapshot. */
export type NodeLoads = ReadonlyMap<NodeId, NodeLoad>

/** What one task takes of a node. */
export interface Claim {
  readonly service: ServiceId
  readonly reserved: Resources
  readonly hostPorts: ReadonlyArray<string>
  /** Whether it counts as active; a task that is being stopped holds its resources and does not count. */
  readonly active: boolean
}

export const emptyLoad = (node: Node): NodeLoad => ({
  node,
  activeTasks: 0,
  activeByService: new Map(),
  reserved: Resources.none,
  hostPorts: new Map()
})

/** Host-mode ports with a number, as keys. */
export const hostPortsOf = (service: Service): ReadonlyArray<string> =>
  service.ports.flatMap((port) =>
    port.mode === "host" && port.published !== 0 ? [`${port.protocol}/${port.published}`] : []
  )

/** What a new task of the service would take. */
export const claimOfNewTask = (service: Service): Claim => ({
  service: service.id,
  reserved: service.reservations,
  hostPorts: hostPortsOf(service),
  active: true
})

/**
 * What an existing task takes: null when the scheduler does not see it (before PENDING or after RUNNING, or not assigned).
 * Reservations are the task's own where its spec shows them; host ports are its service's, the engine shows no others.
 */
export const claimOfTask = (task: Task, service: Service | undefined): Claim | null => {
  const rank = stateRank(task.state)
  if (task.node === null || rank < stateRanks.pending || rank > stateRanks.running) return null
  return {
    service: task.service,
    reserved: reservationsOf(task.spec) ?? service?.reservations ?? Resources.none,
    hostPorts: service === undefined ? [] : hostPortsOf(service),
    active: task.isActive
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined

const numberOr0 = (value: unknown): number => (typeof value === "number" ? value : 0)

/** `Resources.Reservations` of a task template as JSON; null when there is no template to read. */
const reservationsOf = (spec: unknown): Resources | null => {
  if (field(spec, "ContainerSpec") === undefined && field(spec, "Resources") === undefined) return null
  const reservations = field(field(spec, "Resources"), "Reservations")
  if (reservations === undefined || reservations === null) return Resources.none
  const listed = field(reservations, "GenericResources")
  const generic = (Array.isArray(listed) ? listed : []).flatMap((item: unknown) => {
    const discrete = field(item, "DiscreteResourceSpec")
    const kind = field(discrete, "Kind")
    return typeof kind === "string"
      ? [new GenericResource({ kind, value: numberOr0(field(discrete, "Value")), names: [] }, true)]
      : []
  })
  const nanoCpus = numberOr0(field(reservations, "NanoCPUs"))
  const memoryBytes = numberOr0(field(reservations, "MemoryBytes"))
  if (nanoCpus === 0 && memoryBytes === 0 && generic.length === 0) return Resources.none
  return new Resources({ nanoCpus, memoryBytes, generic }, true)
}

const shift = <K>(counts: ReadonlyMap<K, number>, keys: ReadonlyArray<K>, by: 1 | -1): ReadonlyMap<K, number> => {
  if (keys.length === 0) return counts
  const next = new Map(counts)
  for (const key of keys) {
    const count = (next.get(key) ?? 0) + by
    if (count === 0) next.delete(key)
    else next.set(key, count)
  }
  return next
}

/** `a` with `b` added, or taken away. */
export const addResources = (a: Resources, b: Resources, sign: 1 | -1): Resources => {
  if (b === Resources.none) return a
  const kinds = new Map(a.generic.map(({ kind, value }) => [kind, value]))
  for (const { kind, value } of b.generic) kinds.set(kind, (kinds.get(kind) ?? 0) + sign * value)
  return new Resources(
    {
      nanoCpus: a.nanoCpus + sign * b.nanoCpus,
      memoryBytes: a.memoryBytes + sign * b.memoryBytes,
      generic: [...kinds].map(([kind, value]) => new GenericResource({ kind, value, names: [] }, true))
    },
    true
  )
}

const shiftLoad = (load: NodeLoad, claim: Claim, by: 1 | -1): NodeLoad => ({
  node: load.node,
  activeTasks: load.activeTasks + (claim.active ? by : 0),
  activeByService: claim.active ? shift(load.activeByService, [claim.service], by) : load.activeByService,
  reserved: addResources(load.reserved, claim.reserved, by),
  hostPorts: shift(load.hostPorts, claim.hostPorts, by)
})

/** The load with one task more. */
export const withClaim = (load: NodeLoad, claim: Claim): NodeLoad => shiftLoad(load, claim, 1)

/** The load with one task fewer, one that was counted in before. */
export const withoutClaim = (load: NodeLoad, claim: Claim): NodeLoad => shiftLoad(load, claim, -1)

/** The load with one active task that is being stopped: it holds what it has and does not count any more. */
export const withEndingClaim = (load: NodeLoad, claim: Claim): NodeLoad =>
  withClaim(withoutClaim(load, { ...claim, active: true }), { ...claim, active: false })

/** The loads that the scheduler of this Swarm would have. */
export const fromSnapshot = (snapshot: Snapshot): NodeLoads =>
  new Map(
    snapshot.nodes.map((node) => {
      let activeTasks = 0
      let reserved = Resources.none
      const activeByService = new Map<ServiceId, number>()
      const hostPorts = new Map<string, number>()
      for (const task of snapshot.tasksOnNode(node.id)) {
        const claim = claimOfTask(task, snapshot.service(task.service))
        if (claim === null) continue
        reserved = addResources(reserved, claim.reserved, 1)
        for (const port of claim.hostPorts) hostPorts.set(port, (hostPorts.get(port) ?? 0) + 1)
        if (!claim.active) continue
        activeTasks++
        activeByService.set(task.service, (activeByService.get(task.service) ?? 0) + 1)
      }
      return [node.id, { node, activeTasks, activeByService, reserved, hostPorts }] as const
    })
  )
