/** A Swarm and what brakes judge by, with plain values where a test names none. */
import { NodeId, RaftIndex, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import * as Journal from "@evenkeel/domain/MoveJournal"
import type { Move } from "@evenkeel/domain/Plan"
import { ManagerStatus, Node, Resources } from "@evenkeel/domain/Node"
import { Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import { Task } from "@evenkeel/domain/Task"
import type { BrakeName, BrakeState, Engaged } from "../../src/brakes/Brake.ts"
import * as BrakeSettings from "../../src/brakes/BrakeSettings.ts"
import * as Brakes from "../../src/brakes/Brakes.ts"
import type { PastMove } from "../../src/brakes/MoveHistory.ts"
import * as Policy from "../../src/brakes/Policy.ts"
import * as Stability from "../../src/Stability.ts"
import { serviceOf, taskOf } from "../fixtures/Objects.ts"

/** A Thursday; services and tasks of the fixtures are half a year old. */
export const now = Date.parse("2026-07-02T12:00:00Z")
export const minute = 60_000
export const hour = 60 * minute

export const n = (id: string) => NodeId.make(id)
export const s = (id: string) => ServiceId.make(id)

export interface NodeInput {
  readonly state?: Node["state"]
  readonly availability?: Node["availability"]
  /** Absent: a worker. */
  readonly reachability?: string
  readonly leader?: boolean
}

export const nodeOf = (id: string, input: NodeInput = {}): Node =>
  new Node({
    id: n(id),
    version: RaftIndex.make(1),
    hostname: id,
    labels: {},
    engineLabels: {},
    role: input.reachability === undefined ? "worker" : "manager",
    availability: input.availability ?? "active",
    state: input.state ?? "ready",
    address: "",
    platform: { os: "linux", architecture: "x86_64" },
    plugins: [],
    resources: new Resources({ nanoCpus: 8e9, memoryBytes: 8e9, generic: [] }),
    manager:
      input.reachability === undefined
        ? null
        : new ManagerStatus({ leader: input.leader ?? false, reachability: input.reachability, address: "" }),
    createdAt: "2026-01-01T00:00:00Z",
    updatedAt: "2026-01-01T00:00:00Z"
  })

const manager = { reachability: "reachable" }

export const threeManagers = [nodeOf("n1", { ...manager, leader: true }), nodeOf("n2", manager), nodeOf("n3", manager)]

export interface ServiceInput {
  readonly labels?: Readonly<Record<string, string>>
  readonly updatedAt?: string
  readonly previous?: Service["previous"]
  /** Nodes of its tasks. */
  readonly on?: ReadonlyArray<string>
}

export const snapshotOf = (
  nodes: ReadonlyArray<Node> = threeManagers,
  services: Readonly<Record<string, ServiceInput>> = {}
): Snapshot =>
  new Snapshot({
    nodes,
    services: Object.entries(services).map(
      ([id, { on = ["n1"], ...input }]) =>
        new Service({ ...serviceOf({ ...input, replicas: on.length }), id: s(id), name: id })
    ),
    tasks: Object.entries(services).flatMap(([id, { on = ["n1"] }]) =>
      on.map(
        (node, at) =>
          new Task({
            ...taskOf(`${id}.${at + 1}`, node),
            id: TaskId.make(`${id}.${at + 1}`),
            service: s(id),
            slot: at + 1
          })
      )
    ),
    networks: [],
    readBy: n("n1"),
    readAtMillis: now
  })

/** A service whose move is under way. */
export const moving = (operation: string) => ({
  labels: {
    [Journal.journalLabel]: Journal.encode(
      new Journal.PinJournal({
        operation,
        task: TaskId.make("a.1"),
        from: n("n1"),
        to: n("n2"),
        startedAtMillis: now - 1_000,
        deadlineMillis: now + minute,
        changes: []
      })
    )
  }
})

export const moveOf = (
  service: string,
  from = "n1",
  to = "n2"
): Pick<Move, "service" | "serviceName" | "task" | "from"> & Move =>
  ({
    service: s(service),
    serviceName: service,
    strategy: "pin",
    task: TaskId.make(`${service}.1`),
    slot: 1,
    from: n(from),
    to: n(to),
    alternatives: [],
    text: ""
  }) as unknown as Move

export const pastMove = (at: number, input: Partial<PastMove> = {}): PastMove => ({
  operation: `op${at}`,
  service: s("a"),
  serviceName: "a",
  strategy: "pin",
  task: TaskId.make("a.1"),
  from: n("n1"),
  fromName: "n1",
  to: n("n2"),
  toName: "n2",
  outcome: "completed",
  because: "",
  startedAtMillis: at,
  endedAtMillis: at + 1_000,
  ...input
})

export interface StateInput extends Partial<Omit<BrakeState, "settings" | "stability">> {
  readonly settings?: Partial<BrakeSettings.BrakeSettings>
  /** How long the nodes have been the same. Default: long enough. */
  readonly calmMillis?: number
}

export const stateOf = ({ calmMillis = hour, settings, ...input }: StateInput = {}): BrakeState => ({
  settings: { ...BrakeSettings.defaults, mode: "act", ...settings },
  policy: Policy.none,
  policyFailure: null,
  history: [],
  stability: { ...Stability.initial(now - calmMillis), schedulableNodes: "n1 n2 n3" },
  refusals: [],
  ...input
})

/** What one brake answers. */
export const engagedBy = (
  brake: BrakeName,
  state: StateInput,
  snapshot = snapshotOf(),
  at = now
): ReadonlyArray<Engaged> => Brakes.brakes[brake].engaged({ state: stateOf(state), snapshot, nowMillis: at })
