/** A task as `GET /tasks` writes it, and the way from there to the domain's Task. */
import * as Schema from "effect/Schema"
import { NetworkId, NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { NetworkAddress, Task } from "@evenkeel/domain/Task"
import { count, listOf, orNull, text, Version } from "./WireFields.ts"

const WireAttachment = Schema.Struct({
  Network: orNull(Schema.Struct({ ID: text, Spec: orNull(Schema.Struct({ Name: text })) })),
  Addresses: listOf(Schema.String)
})

/** Required: ID, Version, ServiceID and both states. */
export const WireTask = Schema.Struct({
  ID: TaskId,
  Version,
  CreatedAt: text,
  UpdatedAt: text,
  ServiceID: ServiceId,
  Slot: count,
  NodeID: text,
  Spec: Schema.optionalWith(Schema.Unknown, { default: () => null }),
  DesiredState: Schema.String,
  Status: Schema.Struct({
    Timestamp: text,
    State: Schema.String,
    Message: text,
    Err: text,
    ContainerStatus: orNull(Schema.Struct({ ContainerID: text }))
  }),
  NetworksAttachments: listOf(WireAttachment),
  SpecVersion: orNull(Version)
})
export type WireTask = typeof WireTask.Type

/** `10.0.1.8` of `10.0.1.8/24`. */
const withoutPrefix = (address: string): string => address.split("/", 1)[0] ?? address

const addresses = (attachments: WireTask["NetworksAttachments"]): Array<NetworkAddress> =>
  attachments.flatMap(({ Addresses, Network }) => {
    if (Network === null || Network.ID === "") return []
    const network = NetworkId.make(Network.ID)
    const networkName = Network.Spec?.Name ?? ""
    return Addresses.map(withoutPrefix)
      .filter((address) => address !== "")
      .map((address) => new NetworkAddress({ network, networkName, address }, true))
  })

export const toTask = (wire: WireTask): Task =>
  new Task(
    {
      id: wire.ID,
      version: wire.Version.Index,
      service: wire.ServiceID,
      node: wire.NodeID === "" ? null : NodeId.make(wire.NodeID),
      slot: wire.Slot,
      desired: wire.DesiredState,
      state: wire.Status.State,
      stateSince: wire.Status.Timestamp,
      message: wire.Status.Message,
      error: wire.Status.Err,
      containerId: wire.Status.ContainerStatus?.ContainerID ?? "",
      addresses: addresses(wire.NetworksAttachments),
      specVersion: wire.SpecVersion?.Index ?? null,
      spec: wire.Spec,
      createdAt: wire.CreatedAt,
      updatedAt: wire.UpdatedAt
    },
    true
  )
