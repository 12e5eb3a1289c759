/**
 * A node of the Swarm as the planner and the operator see it: who it is, whether tasks may be placed on it, what it offers.
 * Decides nothing about placement; the filters do.
 */
import * as Schema from "effect/Schema"
import { NodeId, openEnum, RaftIndex } from "./Ids.ts"

/** A resource that is neither CPU nor memory: a count (`SSD=3`) or named units (`GPU=uuid1,uuid2`). */
export class GenericResource extends Schema.Class<GenericResource>("GenericResource")({
  kind: Schema.String,
  /** How many; for named units their number. */
  value: Schema.Int,
  /** The units' names; empty for a plain count. */
  names: Schema.Array(Schema.String)
}) {}

/** CPU in billionths of a core, memory in bytes. Absent means 0. */
export class Resources extends Schema.Class<Resources>("Resources")({
  nanoCpus: Schema.Number,
  memoryBytes: Schema.Number,
  generic: Schema.Array(GenericResource)
}) {
  static readonly none = new Resources({ nanoCpus: 0, memoryBytes: 0, generic: [] })
}

/** What a manager says of itself: reachability is the raft member's as its leader sees it. */
export class ManagerStatus extends Schema.Class<ManagerStatus>("ManagerStatus")({
  leader: Schema.Boolean,
  reachability: openEnum("unknown", "unreachable", "reachable"),
  address: Schema.String
}) {}

export class Node extends Schema.Class<Node>("Node")({
  id: NodeId,
  version: RaftIndex,
  hostname: Schema.String,
  labels: Schema.Record({ key: Schema.String, value: Schema.String }),
  engineLabels: Schema.Record({ key: Schema.String, value: Schema.String }),
  role: openEnum("worker", "manager"),
  availability: openEnum("active", "pause", "drain"),
  state: openEnum("unknown", "down", "ready", "disconnected"),
  /** The address the managers see it at; empty when unknown. */
  address: Schema.String,
  platform: Schema.Struct({ os: Schema.String, architecture: Schema.String }),
  plugins: Schema.Array(Schema.Struct({ type: Schema.String, name: Schema.String })),
  /** Of its dockerd: `24.0.7`; absent or empty when unknown. */
  engineVersion: Schema.optionalWith(Schema.String, { exact: true }),
  resources: Resources,
  manager: Schema.NullOr(ManagerStatus),
  /** RFC 3339, as the engine wrote them. */
  createdAt: Schema.String,
  updatedAt: Schema.String
}) {
  /** Whether the scheduler's ReadyFilter lets it take new tasks (swarmkit `manager/scheduler/filter.go`). */
  get isSchedulable(): boolean {
    return this.state === "ready" && this.availability === "active"
  }
}
