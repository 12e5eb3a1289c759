/**
 * Clusters for measuring the planner: even but for some nodes that were lost and have come back empty. A fifth of the tasks
 * are services of one replica in groups, the rest services of 2 to 12 and some of 50 replicas; half of the services reserve
 * CPU and memory, and every task carries its own copy of its template, as a decoded engine reply does.
 */
import type { NodeId, RaftIndex, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { Node, Resources } from "@evenkeel/domain/Node"
import { Placement, Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import { Task } from "@evenkeel/domain/Task"

export interface Size {
  readonly nodes: number
  readonly tasks: number
}

/** One node in a hundred, at least one, is back and empty. */
export const returnedNodes = ({ nodes }: Size): number => Math.max(1, Math.floor(nodes / 100))

const time = "2026-01-01T00:00:00Z"
const gibibyte = 2 ** 30

const nodeOf = (index: number): Node =>
  new Node(
    {
      id: `node${String(index).padStart(6, "0")}` as NodeId,
      version: 10 as RaftIndex,
      hostname: `n${index + 1}`,
      labels: { zone: "abc"[index % 3] ?? "a" },
      engineLabels: {},
      role: index < 5 ? "manager" : "worker",
      availability: "active",
      state: "ready",
      address: "10.0.0.1",
      platform: { os: "linux", architecture: "x86_64" },
      plugins: [{ type: "Network", name: "overlay" }],
      resources: new Resources({ nanoCpus: 64e9, memoryBytes: 256 * gibibyte, generic: [] }, true),
      manager: null,
      createdAt: time,
      updatedAt: time
    },
    true
  )

const templateText = (index: number, reserves: boolean): string =>
  JSON.stringify({
    ContainerSpec: {
      Image: `registry.example/app${index}:1.2.3@sha256:${"0".repeat(64)}`,
      Env: ["MODE=production", `INDEX=${index}`],
      Isolation: "default",
      StopGracePeriod: 10_000_000_000,
      Healthcheck: { Test: ["CMD", "true"], Interval: 5_000_000_000 }
    },
    Resources: reserves ? { Reservations: { NanoCPUs: 250_000_000, MemoryBytes: gibibyte } } : {},
    RestartPolicy: { Condition: "any", Delay: 5_000_000_000, MaxAttempts: 0 },
    Placement: {},
    Networks: [{ Target: "net1" }],
    ForceUpdate: 0
  })

const serviceOf = (index: number, replicas: number): Service => {
  const reserves = index % 2 === 0
  const template = templateText(index, reserves)
  const groupLabel = replicas === 1 ? { "evenkeel.group": `group${index % 20}` } : {}
  return new Service(
    {
      id: `service${String(index).padStart(6, "0")}` as ServiceId,
      version: 20 as RaftIndex,
      name: `stack_service${index}`,
      labels: { "com.docker.stack.namespace": "stack", "evenkeel.port": "8080", ...groupLabel },
      mode: { kind: "replicated", replicas },
      placement:
        index % 10 === 3
          ? new Placement(
              { constraints: ["node.labels.zone!=c"], preferences: [], maxReplicasPerNode: 0, platforms: [] },
              true
            )
          : Placement.anywhere,
      reservations: reserves
        ? new Resources({ nanoCpus: 250_000_000, memoryBytes: gibibyte, generic: [] }, true)
        : Resources.none,
      networks: [],
      ports: [],
      mounts: [],
      requiredPlugins: [],
      updateOrder: "stop-first",
      updateState: null,
      updateStartedAt: "",
      specVersion: null,
      // Read anew, and with a default written out, as engines do for a service and not for its tasks.
      template: { ...(JSON.parse(template) as object), Runtime: "container" },
      endpointSpec: {},
      previous: null,
      createdAt: time,
      updatedAt: time
    },
    true
  )
}

const taskOf = (service: Service, slot: number, node: NodeId, template: string): Task =>
  new Task(
    {
      id: `${service.id}t${slot}` as TaskId,
      version: 30 as RaftIndex,
      service: service.id,
      node,
      slot,
      desired: "running",
      state: "running",
      stateSince: time,
      message: "started",
      error: "",
      containerId: "c",
      addresses: [],
      specVersion: null,
      spec: JSON.parse(template) as unknown,
      createdAt: time,
      updatedAt: time
    },
    true
  )

const replicasOf = (index: number): number => (index % 3 !== 0 ? 1 : index % 30 === 0 ? 50 : 2 + (index % 11))

/** A snapshot of the size. Equal sizes give equal snapshots. */
export const make = (size: Size): Snapshot => {
  const nodes = Array.from({ length: size.nodes }, (_, index) => nodeOf(index))
  const homes = size.nodes - returnedNodes(size)
  const load = new Int32Array(homes)
  const groups = new Map<string, Int32Array>()
  const services: Array<Service> = []
  const tasks: Array<Task> = []
  for (let index = 0; tasks.length < size.tasks; index++) {
    const service = serviceOf(index, Math.min(replicasOf(index), size.tasks - tasks.length))
    const template = templateText(index, index % 2 === 0)
    const group = service.labels["evenkeel.group"]
    const own = (group === undefined ? null : groups.get(group)) ?? new Int32Array(homes)
    if (group !== undefined) groups.set(group, own)
    services.push(service)
    for (let slot = 1; slot <= (service.replicas ?? 0); slot++) {
      const chosen = emptiest(own, load, (node) => mayUse(service, nodes[node]), slot + index)
      own[chosen] = (own[chosen] ?? 0) + 1
      load[chosen] = (load[chosen] ?? 0) + 1
      const node = nodes[chosen]
      if (node !== undefined) tasks.push(taskOf(service, slot, node.id, template))
    }
  }
  const readBy = nodes[0]?.id ?? ("none" as NodeId)
  return new Snapshot({ nodes, services, tasks, networks: [], readBy, readAtMillis: Date.parse(time) })
}

const mayUse = ({ placement }: Service, node: Node | undefined): boolean =>
  placement.constraints.length === 0 || node?.labels["zone"] !== "c"

/** As Swarm chooses and earlier plans left it: fewest of the service or group, then fewest of all; among equals beginning at `from`. */
const emptiest = (own: Int32Array, load: Int32Array, isAllowed: (node: number) => boolean, from: number): number => {
  let best = -1
  let [bestOwn, bestLoad] = [Infinity, Infinity]
  for (let i = 0; i < own.length; i++) {
    const node = (from * 7 + i) % own.length
    const [ownHere, loadHere] = [own[node] ?? 0, load[node] ?? 0]
    if (ownHere > bestOwn || (ownHere === bestOwn && loadHere >= bestLoad) || !isAllowed(node)) continue
    best = node
    ;[bestOwn, bestLoad] = [ownHere, loadHere]
  }
  return best
}
