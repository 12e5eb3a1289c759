/** What the process of the embedded Swarm is told by the demo that starts it: one JSON value on its command line. */
import * as Schema from "effect/Schema"

export const SimSite = Schema.Struct({
  /** Simulated seconds per second. */
  speed: Schema.Positive,
  seed: Schema.Int,
  /** Sockets, logs and the token; removed when the process ends. */
  folder: Schema.NonEmptyString,
  /** The bundles: `router/main.mjs`, `rebalancer/main.mjs`, `vvm/vvm.mjs`. */
  apps: Schema.NonEmptyString,
  /** Who sends requests to tasks: real routers, or what Swarm itself has (see `SwarmMesh`). */
  routing: Schema.Literal("routers", "mesh"),
  /** Whether rebalancers move tasks. */
  mode: Schema.Literal("observe", "act"),
  /** Forbids the use of 127.77.0.0/16, as on machines that do not have it. */
  portsOnly: Schema.Boolean
})
export type SimSite = typeof SimSite.Type

/** What the process says on its standard output once it is ready: one line. */
export const SimReady = Schema.Struct({
  control: Schema.String,
  nodes: Schema.Array(Schema.Struct({ id: Schema.String, hostname: Schema.String, endpoint: Schema.String })),
  /** Why tasks have no addresses of their own, but ports of 127.0.0.1; null: they have them. */
  obstacle: Schema.NullOr(Schema.String)
})
export type SimReady = typeof SimReady.Type

/** What it says afterwards, a line each: where a router takes requests. */
export const SimEntry = Schema.Struct({ task: Schema.String, url: Schema.String })
export type SimEntry = typeof SimEntry.Type

/** Where routers of one machine read their table, if it has no addresses for tasks. */
export const tableFile = (folder: string): string => `${folder}/table.json`

export const nodeCount = 3

/** The address of a node's rebalancer, the same for every task that runs it. */
export const rebalancerAddress = (hostname: string): string => `127.78.0.${hostname.replace(/\D/g, "")}`

export const rebalancerPort = 7070

/** Held while a demo runs: a second one on the machine would want the same addresses. */
export const lockAddress = "127.78.0.254"

export const tokenFile = (folder: string): string => `${folder}/token`

export const socketOf = (folder: string, hostname: string): string => `${folder}/${hostname}.sock`
