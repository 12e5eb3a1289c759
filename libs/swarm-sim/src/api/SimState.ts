/** What `GET /_sim/state` tells: the cluster as the simulation knows it, faults included. Shared with those who ask. */
import * as Schema from "effect/Schema"

export const SimNode = Schema.Struct({
  id: Schema.String,
  hostname: Schema.String,
  /** `up`, `crashed` or `black-holed`. */
  condition: Schema.String,
  manager: Schema.Boolean,
  leader: Schema.Boolean,
  /** As DOCKER_HOST would name it; null where the node's engine has no endpoint. */
  endpoint: Schema.NullOr(Schema.String),
  dropsEvents: Schema.Boolean,
  latencyMillis: Schema.Number,
  errorRate: Schema.Number
})
export type SimNode = typeof SimNode.Type

export const SimState = Schema.Struct({
  nodes: Schema.Array(SimNode),
  /** The leader's node id; null while there is none. */
  leader: Schema.NullOr(Schema.String),
  /** Simulated seconds per second; 0 for a clock that is moved by hand. */
  speed: Schema.Number,
  seed: Schema.Number,
  /** `virtual` or `loopback`. */
  runtime: Schema.String,
  /** The simulated time, RFC 3339. */
  now: Schema.String,
  /** The number of commits so far. */
  raftIndex: Schema.String
})
export type SimState = typeof SimState.Type
