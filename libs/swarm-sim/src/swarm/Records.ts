/**
 * The objects that the simulated managers store, as values: an update makes another one. What the engine shows of them is
 * `EngineView`'s matter. Times are milliseconds since the epoch.
 */
import type { NodeLoad } from "@evenkeel/domain/rules/NodeLoad"
import type { Service } from "@evenkeel/domain/Service"
import type { KnownTaskState } from "@evenkeel/domain/Task"
import type { EngineJson } from "./SwarmPort.ts"

interface Meta {
  readonly id: string
  /** `Version.Index`: the raft index of the last write. */
  readonly version: number
  readonly createdMillis: number
  readonly updatedMillis: number
}

/** What `UpdateStatus.State` may say. */
export type UpdateState =
  "updating" | "paused" | "completed" | "rollback_started" | "rollback_paused" | "rollback_completed"

export interface UpdateStatus {
  readonly state: UpdateState
  readonly message: string
  readonly startedMillis: number
  readonly completedMillis: number | null
}

/** A service's virtual address on one network, CIDR. */
export interface VirtualIp {
  readonly networkId: string
  readonly address: string
}

/** What the allocator has given a service. Null until it has. */
export interface Endpoint {
  /** The endpoint spec it was made for. */
  readonly spec: unknown
  readonly ports: ReadonlyArray<EngineJson>
  readonly virtualIps: ReadonlyArray<VirtualIp>
}

export type Mode = "replicated" | "global" | "replicated-job" | "global-job"

export interface ServiceRecord extends Meta {
  readonly kind: "service"
  readonly spec: EngineJson
  readonly specVersion: number
  readonly previousSpec: EngineJson | null
  readonly previousSpecVersion: number
  readonly updateStatus: UpdateStatus | null
  readonly endpoint: Endpoint | null
  readonly jobStatus: { readonly iteration: number; readonly lastExecutionMillis: number } | null
}

/** What tasks of one version of a service have in common. */
export interface Template {
  readonly serviceName: string
  /** `Spec` of the task, as the engine shows it. */
  readonly spec: EngineJson
  readonly specVersion: number
  /** The service as it was then: what the scheduler's filters read. */
  readonly service: Service
  readonly endpointSpec: unknown
  /** Host-mode ports as `PortStatus` shows them. */
  readonly hostPorts: ReadonlyArray<EngineJson>
  readonly restart: RestartPolicy
  readonly stopGraceMillis: number
}

export interface RestartPolicy {
  readonly condition: "any" | "on-failure" | "none"
  readonly delayMillis: number
  /** 0 means no limit. */
  readonly maxAttempts: number
  /** 0 means since ever. */
  readonly windowMillis: number
}

export interface Attachment {
  readonly networkId: string
  readonly addresses: ReadonlyArray<string>
  /** The network as it was when the task was attached. */
  readonly network: NetworkRecord
  readonly aliases: ReadonlyArray<string>
}

export interface ContainerStatus {
  readonly containerId: string
  readonly pid: number
  readonly exitCode: number
}

export interface TaskRecord extends Meta {
  readonly kind: "task"
  /** In the order of creation, over the whole Swarm. */
  readonly sequence: number
  readonly serviceId: string
  readonly template: Template
  /** 0 for tasks of global services. */
  readonly slot: number
  /** `""` while it has none. */
  readonly nodeId: string
  readonly desired: KnownTaskState
  readonly state: KnownTaskState
  readonly message: string
  readonly error: string
  /** When its state was reached, as the agent (or manager) that set it tells. */
  readonly stateMillis: number
  /** When a manager wrote the agent's report; null before the first one. */
  readonly appliedMillis: number | null
  readonly container: ContainerStatus | null
  readonly attachments: ReadonlyArray<Attachment>
  readonly jobIteration: number | null
}

export type NodeState = "unknown" | "down" | "ready" | "disconnected"

export interface NodeRecord extends Meta {
  readonly kind: "node"
  readonly spec: EngineJson
  /** What it is; the spec says what it is to be. */
  readonly role: "manager" | "worker"
  readonly description: EngineJson
  readonly state: NodeState
  readonly message: string
  readonly address: string
  /** The node's own addresses on its tasks' networks. */
  readonly attachments: ReadonlyArray<VirtualIp>
}

export interface NetworkRecord extends Meta {
  readonly kind: "network"
  readonly name: string
  /** As `POST /networks/create` took it. */
  readonly spec: EngineJson
  /** `10.0.1.0/24`, `10.0.1.1`. */
  readonly subnet: string
  readonly gateway: string
  /** The VXLAN's number. */
  readonly vxlanId: number
  readonly isIngress: boolean
}

export interface SecretRecord extends Meta {
  readonly kind: "secret"
  readonly spec: EngineJson
}

export interface ConfigRecord extends Meta {
  readonly kind: "config"
  readonly spec: EngineJson
}

export interface ClusterRecord extends Meta {
  readonly kind: "cluster"
  readonly spec: EngineJson
}

export type StoredRecord =
  ServiceRecord | TaskRecord | NodeRecord | NetworkRecord | SecretRecord | ConfigRecord | ClusterRecord

/** What tasks may be placed by: the loads of all nodes, by id. */
export type Loads = ReadonlyMap<string, NodeLoad>
