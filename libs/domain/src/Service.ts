/**
 * A service: what the user asked for. Holds what placement, routing and moving read of its spec; the spec itself stays raw
 * JSON text in the client, because a spec that is decoded and encoded again restarts tasks.
 */
import * as Schema from "effect/Schema"
import { NetworkId, openEnum, RaftIndex, ServiceId } from "./Ids.ts"
import { Resources } from "./Node.ts"

export const ReplicatedMode = Schema.Struct({ kind: Schema.Literal("replicated"), replicas: Schema.NonNegativeInt })

/** `kind` of a mode that this version does not know is `unknown`: such a service is shown and never moved. */
export const ServiceMode = Schema.Union(
  ReplicatedMode,
  Schema.Struct({ kind: Schema.Literal("global", "replicated-job", "global-job", "unknown") })
)
export type ServiceMode = typeof ServiceMode.Type

/** Where tasks may go. `maxReplicasPerNode` 0 means no limit. Preferences are spread descriptors (`node.labels.zone`). */
export class Placement extends Schema.Class<Placement>("Placement")({
  constraints: Schema.Array(Schema.String),
  preferences: Schema.Array(Schema.String),
  maxReplicasPerNode: Schema.NonNegativeInt,
  platforms: Schema.Array(Schema.Struct({ os: Schema.String, architecture: Schema.String }))
}) {
  static readonly anywhere = new Placement({ constraints: [], preferences: [], maxReplicasPerNode: 0, platforms: [] })
}

/** A published port. Only mode `host` with a published port binds a port of the node. */
export class PublishedPort extends Schema.Class<PublishedPort>("PublishedPort")({
  protocol: Schema.String,
  mode: openEnum("ingress", "host"),
  target: Schema.Int,
  published: Schema.Int
}) {}

export class Mount extends Schema.Class<Mount>("Mount")({
  type: openEnum("bind", "volume", "tmpfs", "npipe", "cluster"),
  source: Schema.String,
  target: Schema.String,
  readOnly: Schema.Boolean,
  /** The volume's driver; empty for the default, which is local to the node. */
  driver: Schema.String
}) {}

export class Service extends Schema.Class<Service>("Service")({
  id: ServiceId,
  version: RaftIndex,
  name: Schema.String,
  labels: Schema.Record({ key: Schema.String, value: Schema.String }),
  mode: ServiceMode,
  placement: Placement,
  /** Whether the spec has a placement at all, be it an empty one, as the docker command always writes. */
  hasPlacement: Schema.optionalWith(Schema.Boolean, { default: () => true }),
  reservations: Resources,
  /** Networks of the task template (or of the spec, where an old client put them). */
  networks: Schema.Array(NetworkId),
  ports: Schema.Array(PublishedPort),
  mounts: Schema.Array(Mount),
  /** Plugins its tasks need: volume, network and log drivers, as `{type, name}`. */
  requiredPlugins: Schema.Array(Schema.Struct({ type: Schema.String, name: Schema.String })),
  /** `start-first` or `stop-first`; the engine's default is `stop-first`. */
  updateOrder: openEnum("start-first", "stop-first"),
  /** `UpdateStatus.State`: `updating`, `paused`, `completed`, `rollback_started`, …; null when no rolling update is known. */
  updateState: Schema.NullOr(Schema.String),
  /** `UpdateStatus.StartedAt`, RFC 3339; empty when unknown. */
  updateStartedAt: Schema.String,
  /** The index the current spec was written at: tasks made from it carry the same. */
  specVersion: Schema.NullOr(RaftIndex),
  /** The task template and endpoint spec as the engine sent them: what dirtiness compares. */
  template: Schema.Unknown,
  endpointSpec: Schema.Unknown,
  /**
   * What a rollback would bring back; null when there is nothing to go back to. `equalsSpec`: it is the same JSON value as
   * the spec itself, so that a rollback changes nothing (how every finished move leaves a service).
   */
  previous: Schema.NullOr(
    Schema.Struct({
      labels: Schema.Record({ key: Schema.String, value: Schema.String }),
      constraints: Schema.Array(Schema.String),
      equalsSpec: Schema.Boolean,
      replicas: Schema.NullOr(Schema.NonNegativeInt)
    })
  ),
  createdAt: Schema.String,
  updatedAt: Schema.String
}) {
  /** Tasks asked for; null for services whose number follows the nodes. */
  get replicas(): number | null {
    return this.mode.kind === "replicated" ? this.mode.replicas : null
  }

  /** The stack it was deployed with (`com.docker.stack.namespace`); null outside a stack. */
  get stack(): string | null {
    return this.labels["com.docker.stack.namespace"] ?? null
  }

  /** `vvm1` of `p2p_vvm1`; the full name outside a stack. */
  get shortName(): string {
    const stack = this.stack
    return stack !== null && this.name.startsWith(`${stack}_`) ? this.name.slice(stack.length + 1) : this.name
  }
}
