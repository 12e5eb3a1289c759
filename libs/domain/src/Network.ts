/** A network that tasks attach to; only what choosing a task's address needs. */
import * as Schema from "effect/Schema"
import { NetworkId } from "./Ids.ts"

export class Network extends Schema.Class<Network>("Network")({
  id: NetworkId,
  name: Schema.String,
  driver: Schema.String,
  /** `swarm` for overlays that span nodes, `local` otherwise. */
  scope: Schema.String,
  /** The routing mesh's own network: never used to reach a task. */
  ingress: Schema.Boolean
}) {}
