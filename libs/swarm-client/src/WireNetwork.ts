/** A network as `GET /networks` writes it, and the way from there to the domain's Network. */
import * as Schema from "effect/Schema"
import { NetworkId } from "@evenkeel/domain/Ids"
import { Network } from "@evenkeel/domain/Network"
import { flag, text } from "./WireFields.ts"

/** Required: Id and Name. */
export const WireNetwork = Schema.Struct({
  Id: NetworkId,
  Name: Schema.String,
  Driver: text,
  Scope: text,
  Ingress: flag
})
export type WireNetwork = typeof WireNetwork.Type

export const toNetwork = (wire: WireNetwork): Network =>
  new Network({ id: wire.Id, name: wire.Name, driver: wire.Driver, scope: wire.Scope, ingress: wire.Ingress }, true)
