/**
 * What the Engine API, the control API and the conformance runner see of the embedded Swarm: objects as the engine would show
 * them, commands with the engine's errors, events, faults. It says nothing of how the Swarm works, and nothing of HTTP.
 */

/** An object as `GET` of the Engine API gives it: parsed JSON whose numbers may be raw (`JSON.rawJSON`). Never changed in place. */
export type EngineJson = { readonly [key: string]: unknown }

export type ObjectKind = "node" | "service" | "task" | "network" | "secret" | "config"

/** A swarm-scope event (moby `daemon/events.go`). There are no task events, as in the engine. */
export interface SwarmEvent {
  readonly kind: Exclude<ObjectKind, "task">
  readonly action: "create" | "update" | "remove"
  readonly id: string
  readonly attributes: Readonly<Record<string, string>>
  readonly timeNanos: bigint
}

/**
 * Why a command was refused. `message` is the engine's text (`rpc error: code = …` included where the engine sends it); the
 * tag is what the API chooses its status by: NotFound 404, Conflict 409, OutOfSequence and Unknown 500, InvalidArgument 400,
 * FailedPrecondition 400, Unimplemented 501.
 */
export interface CommandFailure {
  readonly _tag:
    "NotFound" | "Conflict" | "OutOfSequence" | "InvalidArgument" | "FailedPrecondition" | "Unimplemented" | "Unknown"
  readonly message: string
}

export type Outcome<A> =
  { readonly ok: true; readonly value: A } | { readonly ok: false; readonly failure: CommandFailure }

/** Something that goes wrong, or right again. `node` is an id or a hostname, `service` an id or a name, `task` an id. */
export type Fault =
  | { readonly _tag: "crash"; readonly node: string }
  | { readonly _tag: "black-hole"; readonly node: string }
  | { readonly _tag: "restore"; readonly node: string }
  | { readonly _tag: "restart-dockerd"; readonly node: string }
  | { readonly _tag: "flap"; readonly node: string; readonly periodMillis: number; readonly times: number }
  | { readonly _tag: "slow-start"; readonly service?: string; readonly node?: string; readonly millis: number }
  | {
      readonly _tag: "unhealthy"
      readonly task?: string
      readonly service?: string
      readonly node?: string
      readonly on: boolean
    }
  | { readonly _tag: "leader-change" }

/** What a fault has made of a node: `up`, `crashed` (nothing of it runs) or `black-holed` (it runs on, unseen). */
export type NodeCondition = "up" | "crashed" | "black-holed"

/** Which tasks are asked for, by ids and desired states; an empty list asks for all. */
export interface TaskQuery {
  readonly services: ReadonlyArray<string>
  readonly nodes: ReadonlyArray<string>
  readonly desired: ReadonlyArray<string>
}

/** What tasks are counted by. */
export interface TaskState {
  readonly state: string
  readonly desired: string
  /** Null for tasks of no job. */
  readonly jobIteration: number | null
}

export interface SwarmPort {
  /** The simulated wall clock, milliseconds since the epoch. */
  readonly nowMillis: () => number
  /** The newest objects, in the order of their creation. */
  readonly list: (kind: ObjectKind) => ReadonlyArray<EngineJson>
  readonly get: (kind: ObjectKind, id: string) => EngineJson | undefined
  readonly tasksOf: (serviceId: string) => ReadonlyArray<EngineJson>
  /** The JSON text of each of the tasks as they are now; for lists, since no values are made for it. */
  readonly taskTexts: (query: TaskQuery) => Iterable<string>
  readonly taskStates: (serviceId: string) => ReadonlyArray<TaskState>

  /** The new service's id. */
  readonly createService: (spec: EngineJson) => Outcome<string>
  readonly updateService: (
    id: string,
    version: bigint,
    spec: EngineJson,
    options: { readonly rollback: boolean }
  ) => Outcome<null>
  readonly removeService: (id: string) => Outcome<null>
  readonly updateNode: (id: string, version: bigint, spec: EngineJson) => Outcome<null>
  readonly removeNode: (id: string, force: boolean) => Outcome<null>
  /** `spec` as `POST /networks/create` takes it: Name, Driver, Labels, IPAM, Ingress, Attachable, Internal, Options. */
  readonly createNetwork: (spec: EngineJson) => Outcome<string>
  readonly removeNetwork: (id: string) => Outcome<null>
  readonly createSecret: (spec: EngineJson) => Outcome<string>
  readonly updateSecret: (id: string, version: bigint, spec: EngineJson) => Outcome<null>
  readonly removeSecret: (id: string) => Outcome<null>
  readonly createConfig: (spec: EngineJson) => Outcome<string>
  readonly updateConfig: (id: string, version: bigint, spec: EngineJson) => Outcome<null>
  readonly removeConfig: (id: string) => Outcome<null>
  readonly updateSwarm: (version: bigint, spec: EngineJson) => Outcome<null>
  /** `GET /swarm`. */
  readonly swarm: () => EngineJson

  /** Calls the listener with each event as it happens; answers how to end that. */
  readonly subscribe: (listener: (event: SwarmEvent) => void) => () => void
  /** The last 256 events, oldest first. */
  readonly recentEvents: () => ReadonlyArray<SwarmEvent>

  /** The id of the manager that leads; null while there is none (no quorum, an election). */
  readonly leader: () => string | null
  readonly isManager: (nodeId: string) => boolean
  /** Whether this node's engine answers and, if it is a manager, sees more than half of the managers. */
  readonly isReachable: (nodeId: string) => boolean
  readonly nodeCondition: (nodeId: string) => NodeCondition

  readonly fault: (fault: Fault) => Outcome<null>
  /** Called after each commit to the store. */
  readonly onChange: (listener: () => void) => () => void
  /** The version counter: the raft index of the last commit. */
  readonly raftIndex: () => bigint
}
