/**
 * A service as `GET /services` writes it, and the way from there to the domain's Service. It reads of the spec what placing
 * and moving need; the spec to write back is never made from this, but from the engine's own text.
 */
import { isDeepStrictEqual } from "node:util"
import * as Schema from "effect/Schema"
import { NetworkId, ServiceId } from "@evenkeel/domain/Ids"
import { Mount, Placement, PublishedPort, Service, type ServiceMode } from "@evenkeel/domain/Service"
import {
  count,
  flag,
  labels,
  listOf,
  orNull,
  platform,
  resources,
  text,
  Version,
  WirePlatform,
  WireResources
} from "./WireFields.ts"

const Driver = Schema.Struct({ Name: text })

const WireMount = Schema.Struct({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  VolumeOptions: orNull(Schema.Struct({ DriverConfig: orNull(Driver) }))
})

const WirePort = Schema.Struct({ Protocol: text, PublishMode: text, TargetPort: count, PublishedPort: count })

const Attachments = listOf(Schema.Struct({ Target: text }))

const WirePlacement = Schema.Struct({
  Constraints: listOf(Schema.String),
  Preferences: listOf(Schema.Struct({ Spread: orNull(Schema.Struct({ SpreadDescriptor: text })) })),
  MaxReplicas: Schema.optionalWith(Schema.NonNegativeInt, { nullable: true, default: () => 0 }),
  Platforms: listOf(WirePlatform)
})

const WireTemplate = Schema.Struct({
  ContainerSpec: orNull(Schema.Struct({ Mounts: listOf(WireMount) })),
  Resources: orNull(Schema.Struct({ Reservations: orNull(WireResources) })),
  Placement: orNull(WirePlacement),
  Networks: Attachments,
  LogDriver: orNull(Driver)
})

const WireMode = Schema.Struct({
  Replicated: orNull(
    Schema.Struct({ Replicas: Schema.optionalWith(Schema.NonNegativeInt, { nullable: true, default: () => 1 }) })
  ),
  Global: orNull(Schema.Unknown),
  ReplicatedJob: orNull(Schema.Unknown),
  GlobalJob: orNull(Schema.Unknown)
})

const WireSpec = Schema.Struct({
  Name: Schema.String,
  Labels: labels,
  TaskTemplate: orNull(WireTemplate),
  Mode: orNull(WireMode),
  UpdateConfig: orNull(Schema.Struct({ Order: text })),
  Networks: Attachments,
  EndpointSpec: orNull(Schema.Struct({ Ports: listOf(WirePort) }))
})

/** What a rollback would bring back; nothing of it is required. */
const WirePreviousSpec = Schema.Struct({
  Labels: labels,
  TaskTemplate: orNull(Schema.Struct({ Placement: orNull(WirePlacement) })),
  Mode: orNull(WireMode)
})

/** Required: ID, Version and the spec's name. */
export const WireService = Schema.Struct({
  ID: ServiceId,
  Version,
  CreatedAt: text,
  UpdatedAt: text,
  Spec: WireSpec,
  PreviousSpec: orNull(WirePreviousSpec),
  UpdateStatus: orNull(Schema.Struct({ State: text, StartedAt: text })),
  SpecVersion: orNull(Version)
})
export type WireService = typeof WireService.Type

/** The parts of the same object that are kept as the engine sent them. */
export interface RawService {
  readonly Spec?: { readonly TaskTemplate?: unknown; readonly EndpointSpec?: unknown }
  readonly PreviousSpec?: unknown
}

const modeOf = (wire: typeof WireMode.Type | null): ServiceMode => {
  if (wire === null) return { kind: "unknown" }
  if (wire.Replicated !== null) return { kind: "replicated", replicas: wire.Replicated.Replicas }
  if (wire.Global !== null) return { kind: "global" }
  if (wire.ReplicatedJob !== null) return { kind: "replicated-job" }
  return { kind: wire.GlobalJob !== null ? "global-job" : "unknown" }
}

const placementOf = (wire: typeof WirePlacement.Type | null): Placement =>
  wire === null
    ? Placement.anywhere
    : new Placement(
        {
          constraints: wire.Constraints,
          preferences: wire.Preferences.map(({ Spread }) => Spread?.SpreadDescriptor ?? "").filter((it) => it !== ""),
          maxReplicasPerNode: wire.MaxReplicas,
          platforms: wire.Platforms.map(platform)
        },
        true
      )

const mountOf = (wire: typeof WireMount.Type): Mount =>
  new Mount(
    {
      type: wire.Type,
      source: wire.Source,
      target: wire.Target,
      readOnly: wire.ReadOnly,
      driver: wire.VolumeOptions?.DriverConfig?.Name ?? ""
    },
    true
  )

const portOf = (wire: typeof WirePort.Type): PublishedPort =>
  new PublishedPort(
    {
      protocol: wire.Protocol === "" ? "tcp" : wire.Protocol,
      mode: wire.PublishMode === "" ? "ingress" : wire.PublishMode,
      target: wire.TargetPort,
      published: wire.PublishedPort
    },
    true
  )

/** The networks that a service names, wherever its client wrote them. */
export const networksOf = (wire: WireService): ReadonlyArray<NetworkId> => {
  const template = wire.Spec.TaskTemplate?.Networks ?? []
  const targets = template.length > 0 ? template : wire.Spec.Networks
  return targets.filter(({ Target }) => Target !== "").map(({ Target }) => NetworkId.make(Target))
}

/**
 * What SwarmKit's PluginFilter asks of a node (`manager/scheduler/filter.go`): drivers of volumes other than `local`, of the
 * networks, and of the log unless that is `none`.
 */
const requiredPlugins = (
  mounts: ReadonlyArray<Mount>,
  networkDrivers: ReadonlyArray<string>,
  logDriver: string
): Service["requiredPlugins"] => {
  const volumes = mounts.filter(({ driver, type }) => type === "volume" && driver !== "" && driver !== "local")
  const wanted = [
    ...volumes.map(({ driver }) => ({ type: "Volume", name: driver })),
    ...networkDrivers.map((name) => ({ type: "Network", name })),
    ...(logDriver === "" || logDriver === "none" ? [] : [{ type: "Log", name: logDriver }])
  ]
  return wanted.filter((it, index) => wanted.findIndex((other) => isDeepStrictEqual(it, other)) === index)
}

const previousOf = (wire: WireService, raw: RawService): Service["previous"] => {
  if (wire.PreviousSpec === null) return null
  const mode = modeOf(wire.PreviousSpec.Mode)
  return {
    labels: wire.PreviousSpec.Labels,
    constraints: wire.PreviousSpec.TaskTemplate?.Placement?.Constraints ?? [],
    // Numbers beyond 2^53 are compared as JavaScript reads them; `SpecText.sameValue` compares texts exactly.
    equalsSpec: isDeepStrictEqual(raw.PreviousSpec, raw.Spec),
    replicas: mode.kind === "replicated" ? mode.replicas : null
  }
}

/** `networkDrivers`: the drivers of the networks that the service names, as far as they are known. */
export const toService = (wire: WireService, raw: RawService, networkDrivers: ReadonlyArray<string>): Service => {
  const template = wire.Spec.TaskTemplate
  const mounts = (template?.ContainerSpec?.Mounts ?? []).map(mountOf)
  const order = wire.Spec.UpdateConfig?.Order ?? ""
  const state = wire.UpdateStatus?.State ?? ""
  return new Service(
    {
      id: wire.ID,
      version: wire.Version.Index,
      name: wire.Spec.Name,
      labels: wire.Spec.Labels,
      mode: modeOf(wire.Spec.Mode),
      placement: placementOf(template?.Placement ?? null),
      hasPlacement: (template?.Placement ?? null) !== null,
      reservations: resources(template?.Resources?.Reservations ?? null),
      networks: networksOf(wire),
      ports: (wire.Spec.EndpointSpec?.Ports ?? []).map(portOf),
      mounts,
      requiredPlugins: requiredPlugins(mounts, networkDrivers, template?.LogDriver?.Name ?? ""),
      updateOrder: order === "" ? "stop-first" : order,
      updateState: state === "" ? null : state,
      updateStartedAt: wire.UpdateStatus?.StartedAt ?? "",
      specVersion: wire.SpecVersion?.Index ?? null,
      template: raw.Spec?.TaskTemplate ?? null,
      endpointSpec: raw.Spec?.EndpointSpec ?? null,
      previous: previousOf(wire, raw),
      createdAt: wire.CreatedAt,
      updatedAt: wire.UpdatedAt
    },
    true
  )
}
