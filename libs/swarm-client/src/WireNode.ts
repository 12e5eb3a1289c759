/** A node as `GET /nodes` writes it, and the way from there to the domain's Node. */
import * as Schema from "effect/Schema"
import { NodeId } from "@evenkeel/domain/Ids"
import { ManagerStatus, Node } from "@evenkeel/domain/Node"
import {
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

/** Required: ID, Version, role, availability and state; a node that never came up has no description. */
export const WireNode = Schema.Struct({
  ID: NodeId,
  Version,
  CreatedAt: text,
  UpdatedAt: text,
  Spec: Schema.Struct({ Role: Schema.String, Availability: Schema.String, Labels: labels }),
  Description: orNull(
    Schema.Struct({
      Hostname: text,
      Platform: orNull(WirePlatform),
      Resources: orNull(WireResources),
      Engine: orNull(
        Schema.Struct({
          EngineVersion: text,
          Labels: labels,
          Plugins: listOf(Schema.Struct({ Type: text, Name: text }))
        })
      )
    })
  ),
  Status: Schema.Struct({ State: Schema.String, Addr: text }),
  ManagerStatus: orNull(Schema.Struct({ Leader: flag, Reachability: text, Addr: text }))
})
export type WireNode = typeof WireNode.Type

export const toNode = (wire: WireNode): Node =>
  new Node(
    {
      id: wire.ID,
      version: wire.Version.Index,
      hostname: wire.Description?.Hostname ?? "",
      labels: wire.Spec.Labels,
      engineLabels: wire.Description?.Engine?.Labels ?? {},
      role: wire.Spec.Role,
      availability: wire.Spec.Availability,
      state: wire.Status.State,
      address: wire.Status.Addr,
      platform: platform(wire.Description?.Platform ?? { OS: "", Architecture: "" }),
      plugins: (wire.Description?.Engine?.Plugins ?? []).map(({ Name, Type }) => ({ type: Type, name: Name })),
      engineVersion: wire.Description?.Engine?.EngineVersion ?? "",
      resources: resources(wire.Description?.Resources ?? null),
      manager:
        wire.ManagerStatus === null
          ? null
          : new ManagerStatus(
              {
                leader: wire.ManagerStatus.Leader,
                reachability: wire.ManagerStatus.Reachability,
                address: wire.ManagerStatus.Addr
              },
              true
            ),
      createdAt: wire.CreatedAt,
      updatedAt: wire.UpdatedAt
    },
    true
  )
