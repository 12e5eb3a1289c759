/** What the engine says of itself (`GET /info`, `GET /version`), the answer to an update, and events. */
import * as Schema from "effect/Schema"
import { NodeId } from "@evenkeel/domain/Ids"
import { flag, labels, listOf, orNull, text } from "./WireFields.ts"

/** The engine that is talked to, and its place in the Swarm. */
export class EngineInfo extends Schema.Class<EngineInfo>("EngineInfo")({
  /** Null while it belongs to no Swarm. */
  nodeId: Schema.NullOr(NodeId),
  hostname: Schema.String,
  /** `active`, `inactive`, `pending`, `error` or `locked`; empty when unknown. */
  localNodeState: Schema.String,
  /** The engine's own word for "a manager that can be asked". */
  controlAvailable: Schema.Boolean,
  engineVersion: Schema.String,
  /** The API version that calls use: the engine's own newest. */
  apiVersion: Schema.String
}) {
  get isManager(): boolean {
    return this.controlAvailable
  }
}

export class EnginePing extends Schema.Class<EnginePing>("EnginePing")({
  apiVersion: Schema.String,
  /** `Docker/20.10.24 (linux)`; empty when the engine does not say. */
  server: Schema.String
}) {}

export class EngineVersion extends Schema.Class<EngineVersion>("EngineVersion")({
  engineVersion: Schema.String,
  apiVersion: Schema.String,
  minApiVersion: Schema.String,
  os: Schema.String,
  architecture: Schema.String,
  kernelVersion: Schema.String
}) {}

/** `GET /info`. */
export const WireInfo = Schema.Struct({
  Name: text,
  ServerVersion: text,
  Swarm: orNull(Schema.Struct({ NodeID: text, LocalNodeState: text, ControlAvailable: flag }))
})

export const toInfo = (wire: typeof WireInfo.Type, apiVersion: string): EngineInfo =>
  new EngineInfo(
    {
      nodeId: wire.Swarm === null || wire.Swarm.NodeID === "" ? null : NodeId.make(wire.Swarm.NodeID),
      hostname: wire.Name,
      localNodeState: wire.Swarm?.LocalNodeState ?? "",
      controlAvailable: wire.Swarm?.ControlAvailable ?? false,
      engineVersion: wire.ServerVersion,
      apiVersion
    },
    true
  )

/** `GET /version`. */
export const WireVersion = Schema.Struct({
  Version: Schema.String,
  ApiVersion: text,
  MinAPIVersion: text,
  Os: text,
  Arch: text,
  KernelVersion: text
})

export const toVersion = (wire: typeof WireVersion.Type): EngineVersion =>
  new EngineVersion(
    {
      engineVersion: wire.Version,
      apiVersion: wire.ApiVersion,
      minApiVersion: wire.MinAPIVersion,
      os: wire.Os,
      architecture: wire.Arch,
      kernelVersion: wire.KernelVersion
    },
    true
  )

/** The answer to `POST /services/{id}/update`. */
export const WireUpdated = Schema.Struct({ Warnings: listOf(Schema.String) })

/** One line of `GET /events`. Required: type and action. */
export const WireEvent = Schema.Struct({
  Type: Schema.String,
  Action: Schema.String,
  Actor: orNull(Schema.Struct({ ID: text, Attributes: labels })),
  scope: text
})
