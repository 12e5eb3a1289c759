/**
 * How many tasks have to move with the choices that Swarm makes: which task it stops depends on slots. That can make one move
 * more necessary than `Optimum` counts, which knows nothing of them; and where Swarm would choose among equals, the best
 * placement can be out of reach of moves with a certain outcome. The planner's number, only where it is proved.
 */
import { NodeId, RaftIndex, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { Node, Resources } from "@evenkeel/domain/Node"
import * as Planner from "@evenkeel/domain/Planner"
import { Placement, PublishedPort, Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import { Task } from "@evenkeel/domain/Task"
import type { Drill, DrillNode, DrillService } from "./Drill.ts"
import type { ServingTask } from "./TaskHistory.ts"

/** What serves where, by task id, with the slots that are known, and the nodes that may get tasks. */
export interface Placed {
  readonly serving: ReadonlyMap<string, ServingTask>
  readonly slots: ReadonlyMap<string, number>
  readonly open: ReadonlySet<string>
}

/** Null where the fewest are not known: a slot is not, or there is no proof. */
export const moves = ({ managers, nodes, services }: Drill, { open, serving, slots }: Placed): number | null => {
  const own = new Set(services.map(({ name }) => name))
  const tasks = [...serving].filter(([, { service }]) => own.has(service))
  if (tasks.some(([id]) => !slots.has(id))) return null
  const others = new Set([...serving.values()].map(({ service }) => service).filter((name) => !own.has(name)))
  const snapshot = new Snapshot({
    nodes: nodes.map((node, at) => nodeOf(node, at < managers ? "manager" : "worker", open.has(node.name))),
    services: [...services.map(serviceOf), ...[...others].map(otherOf)],
    tasks: [...serving].map(([id, task]) => taskOf(id, task, slots.get(id) ?? 0)),
    networks: [],
    readBy: NodeId.make(nodes[0]?.name ?? ""),
    readAtMillis: Date.parse(time)
  })
  const plan = Planner.plan(snapshot)
  return plan.bound?.proved === true ? plan.moves.length : null
}

const time = "2026-01-01T00:00:00Z"
const since = { version: RaftIndex.make(1), createdAt: time, updatedAt: time }
const none = new Resources({ nanoCpus: 0, memoryBytes: 0, generic: [] })
/** Enough: that room runs out is not what drills are about. */
const plenty = new Resources({ nanoCpus: 64e9, memoryBytes: 2 ** 40, generic: [] })

const nodeOf = ({ labels = {}, name }: DrillNode, role: "manager" | "worker", isOpen: boolean): Node =>
  new Node({
    ...since,
    id: NodeId.make(name),
    hostname: name,
    labels,
    engineLabels: {},
    role,
    availability: isOpen ? "active" : "pause",
    state: "ready",
    address: "",
    platform: { os: "linux", architecture: "x86_64" },
    plugins: [],
    resources: plenty,
    manager: null
  })

type ServiceParts = Pick<ConstructorParameters<typeof Service>[0], "mode" | "placement"> &
  Partial<Pick<ConstructorParameters<typeof Service>[0], "labels" | "ports" | "reservations">>

const service = (
  name: string,
  { labels = {}, mode, placement, ports = [], reservations = none }: ServiceParts
): Service =>
  new Service({
    ...since,
    id: ServiceId.make(name),
    name,
    labels,
    mode,
    placement,
    hasPlacement: true,
    reservations,
    networks: [],
    ports,
    mounts: [],
    requiredPlugins: [],
    updateOrder: "start-first",
    updateState: null,
    updateStartedAt: "",
    specVersion: null,
    template: {},
    endpointSpec: {},
    previous: null
  })

const serviceOf = ({
  constraints = [],
  cpus = 0,
  group,
  hostPort,
  maxPerNode,
  name,
  replicas,
  spreadOver
}: DrillService) =>
  service(name, {
    mode: { kind: "replicated", replicas },
    labels: group === undefined ? {} : { "evenkeel.group": group },
    reservations: new Resources({ nanoCpus: cpus * 1e9, memoryBytes: 0, generic: [] }),
    placement: new Placement({
      constraints,
      preferences: spreadOver === undefined ? [] : [`node.labels.${spreadOver}`],
      maxReplicasPerNode: maxPerNode ?? 0,
      platforms: []
    }),
    ports:
      hostPort === undefined
        ? []
        : [new PublishedPort({ protocol: "tcp", mode: "host", target: 8080, published: hostPort })]
  })

/** Of whoever else: stays where it is. */
const otherOf = (name: string) => service(name, { mode: { kind: "global" }, placement: Placement.anywhere })

const taskOf = (id: string, task: ServingTask, slot: number): Task =>
  new Task({
    ...since,
    id: TaskId.make(id),
    service: ServiceId.make(task.service),
    node: NodeId.make(task.node),
    slot,
    desired: "running",
    state: "running",
    stateSince: time,
    message: "",
    error: "",
    containerId: "",
    addresses: [],
    specVersion: null,
    spec: {}
  })
