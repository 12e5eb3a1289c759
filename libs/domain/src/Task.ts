/**
 * A task: one attempt to run one slot of a service on one node. States are ordered; a task only moves forward
 * (swarmkit `api/types.proto:TaskState`).
 */
import * as Schema from "effect/Schema"
import { NetworkId, NodeId, openEnum, RaftIndex, ServiceId, TaskId } from "./Ids.ts"

/** The states' order and SwarmKit's numbers for them; `allocated` exists in the Engine API only. */
export const stateRanks = {
  new: 0,
  allocated: 32,
  pending: 64,
  assigned: 192,
  accepted: 256,
  preparing: 320,
  ready: 384,
  starting: 448,
  running: 512,
  complete: 576,
  shutdown: 640,
  failed: 704,
  rejected: 768,
  remove: 800,
  orphaned: 832
} as const

export type KnownTaskState = keyof typeof stateRanks

export const TaskState = openEnum(...(Object.keys(stateRanks) as Array<KnownTaskState>))
export type TaskState = typeof TaskState.Type

/**
 * The state's place in the order. A state this version does not know ranks past `orphaned`: nothing is ever routed to or
 * counted as running because of a word that is not understood.
 */
export const stateRank = (state: TaskState): number =>
  Object.hasOwn(stateRanks, state) ? stateRanks[state as KnownTaskState] : 1000

/** A task's address on one network, without the prefix length. */
export class NetworkAddress extends Schema.Class<NetworkAddress>("NetworkAddress")({
  network: NetworkId,
  networkName: Schema.String,
  address: Schema.String
}) {}

export class Task extends Schema.Class<Task>("Task")({
  id: TaskId,
  version: RaftIndex,
  service: ServiceId,
  /** Absent until the scheduler has chosen. */
  node: Schema.NullOr(NodeId),
  /** 0 for tasks of global services. */
  slot: Schema.Int,
  desired: TaskState,
  state: TaskState,
  /** When `state` was reached, RFC 3339. */
  stateSince: Schema.String,
  message: Schema.String,
  error: Schema.String,
  containerId: Schema.String,
  addresses: Schema.Array(NetworkAddress),
  /** The service version this task was made from; absent on very old engines. */
  specVersion: Schema.NullOr(RaftIndex),
  /** The task's own copy of the service's TaskTemplate, as the engine sent it: what dirtiness compares. */
  spec: Schema.Unknown,
  createdAt: Schema.String,
  updatedAt: Schema.String
}) {
  /** Wanted and running: what a client may be sent to, and what counts as a replica. */
  get isServing(): boolean {
    return this.desired === "running" && this.state === "running"
  }

  /** Running still, but Swarm has decided to stop it: no new requests (two seconds remain before SIGTERM). */
  get isDraining(): boolean {
    return stateRank(this.desired) > stateRanks.running && this.state === "running"
  }

  /**
   * Whether the scheduler counts it on its node: `DesiredState <= COMPLETE` and between PENDING and RUNNING
   * (swarmkit `manager/scheduler/nodeinfo.go`).
   */
  get isActive(): boolean {
    const rank = stateRank(this.state)
    return stateRank(this.desired) <= stateRanks.complete && rank >= stateRanks.pending && rank <= stateRanks.running
  }
}
