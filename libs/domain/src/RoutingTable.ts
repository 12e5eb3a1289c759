/**
 * What a router needs to know, as one value: services with their endpoints, which host and path leads where, and which
 * routers answer one another's heartbeats. Made from a snapshot by `Routes`, sent by the feed, only read by routers.
 */
import * as Schema from "effect/Schema"
import { NodeId, ServiceId, TaskId } from "./Ids.ts"
import { HealthCheck } from "./HealthCheck.ts"
import { HedgeDelay } from "./Hedging.ts"
import { LoadBalancingFromFeed } from "./LoadBalancing.ts"
import { Timeouts } from "./Timeouts.ts"

/** A field that came in a later release: a table without it is read, and made, as if it said `value`. */
const since = <A, I>(schema: Schema.Schema<A, I>, value: A) =>
  Schema.optionalWith(schema, { default: () => value }).pipe(Schema.withConstructorDefault(() => value))

/**
 * A task that answers at an address. `draining`: Swarm is about to stop it, so it gets no new request while its open
 * streams go on; Swarm leaves two seconds between that decision and SIGTERM.
 */
export class Endpoint extends Schema.Class<Endpoint>("Endpoint")({
  task: TaskId,
  node: NodeId,
  slot: Schema.Int,
  address: Schema.String,
  port: Schema.Int,
  state: Schema.Literal("ready", "draining")
}) {}

/** A routable service: one with `evenkeel.port`. */
export class RoutedService extends Schema.Class<RoutedService>("RoutedService")({
  id: ServiceId,
  name: Schema.String,
  group: Schema.NullOr(Schema.String),
  scheme: Schema.Literal("http", "https"),
  /** For https: the name that a task's certificate must hold for; null: none is asked for. */
  verifyName: since(Schema.NullOr(Schema.String), null),
  loadBalancing: LoadBalancingFromFeed,
  /** Further tries after the first; 0 is off. */
  retries: Schema.NonNegativeInt,
  timeouts: Timeouts,
  /** How long a request waits while the service has no task that answers; 0 refuses at once. */
  holdMillis: Schema.NonNegativeInt,
  /** Null: no active checks. */
  health: since(Schema.NullOr(HealthCheck), null),
  /** When a GET or HEAD without an answer is sent to a second task as well; null: never. */
  hedgeAfter: since(Schema.NullOr(HedgeDelay), null),
  endpoints: Schema.Array(Endpoint)
}) {}

/**
 * Requests whose `Host` (lower case, no port) is `host` and whose path begins with `path` go to the endpoints of `services`:
 * together where there are no `weights`, else to each service its share. `host` `*` matches any. Of several paths the longest
 * that matches wins.
 */
export class Route extends Schema.Class<Route>("Route")({
  host: Schema.String,
  /** Begins with `/`; matches whole segments: `/api` matches `/api` and `/api/x`, not `/apix`. */
  path: Schema.String,
  /** Whether `path` is cut from the request's target before it is passed on. */
  strip: Schema.Boolean,
  /** The service's or group's name, for logs and metrics. */
  target: Schema.String,
  /** Longest hold of the services behind it, in milliseconds. */
  holdMillis: Schema.NonNegativeInt,
  services: Schema.NonEmptyArray(ServiceId),
  /** One for each of `services`; 0 gets nothing. Null: no shares. */
  weights: since(Schema.NullOr(Schema.Array(Schema.NonNegativeInt)), null),
  /** Where a request that came over plain HTTP is sent instead. */
  redirect: since(Schema.NullOr(Schema.Literal("https")), null)
}) {}

/** A router's own task: where its peers send heartbeats. */
export class RouterPeer extends Schema.Class<RouterPeer>("RouterPeer")({
  node: NodeId,
  address: Schema.String
}) {}

/** Something about a service that keeps it from being routed as its owner wished. */
export class RouteProblem extends Schema.Class<RouteProblem>("RouteProblem")({
  service: ServiceId,
  name: Schema.String,
  problem: Schema.String
}) {}

export class RoutingTable extends Schema.Class<RoutingTable>("RoutingTable")({
  services: Schema.Array(RoutedService),
  routes: Schema.Array(Route),
  routers: Schema.Array(RouterPeer),
  problems: Schema.Array(RouteProblem)
}) {
  static readonly empty = new RoutingTable({ services: [], routes: [], routers: [], problems: [] })
}
