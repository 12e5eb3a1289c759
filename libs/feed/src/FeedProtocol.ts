/**
 * What rebalancers and routers say to one another over a WebSocket: text frames, one JSON object each, told apart by `type`.
 * The server says hello, then sends the table or, to a router that knows an earlier version of this instance, what changed
 * since; then deltas as they happen and heartbeats. Forward compatible: unknown types and fields are ignored, so that
 * versions one release apart understand each other; and both ends say in their hello which versions of the protocol they
 * understand, so that ends too far apart say so instead of guessing. This module knows no sockets.
 */
import { NodeId, ServiceId } from "@evenkeel/domain/Ids"
import { Route, RoutedService, RouteProblem, RouterPeer, RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Raised only by a change that a release before it would misunderstand; what it would pass over needs none. */
export const protocolVersion = 1
/** The oldest version that this release still understands: that of the release before it. */
export const oldestProtocol = 1
/** Where the feed is served. */
export const path = "/feed"
/** A server is heard at least this often; a feed that was silent for `silenceMillis` is dead. */
export const heartbeatMillis = 500
export const silenceMillis = 2_000
export const defaultPort = 7070

/** Orders the tables of one instance by `sequence`, and those of different instances by `raftIndex`. */
export const FeedVersion = Schema.Struct({
  /** Unique for every start of a rebalancer. */
  instance: Schema.NonEmptyString,
  /** Counts changes of the table from 1; a table that stays the same keeps its number. */
  sequence: Schema.NonNegativeInt,
  /** The largest raft index seen by the instance; never falls. */
  raftIndex: Schema.NonNegativeInt,
  /** Whether the last read was confirmed by a quorum of managers. */
  quorum: Schema.Boolean,
  /** When a read was last confirmed by a quorum; milliseconds of the Unix epoch by the instance's clock; 0: never. */
  confirmedAtMillis: Schema.NonNegative
})
export type FeedVersion = typeof FeedVersion.Type

/** What turns one table into the next. Absent parts stay as they were. */
export const TableDelta = Schema.Struct({
  changed: Schema.Array(RoutedService),
  removed: Schema.Array(ServiceId),
  /** All services in their new order; only where changes, removals and additions at the end do not give it. */
  order: Schema.optionalWith(Schema.Array(ServiceId), { exact: true }),
  routes: Schema.optionalWith(Schema.Array(Route), { exact: true }),
  routers: Schema.optionalWith(Schema.Array(RouterPeer), { exact: true }),
  problems: Schema.optionalWith(Schema.Array(RouteProblem), { exact: true })
})
export type TableDelta = typeof TableDelta.Type

/** Of a hello: the newest version of the protocol that its sender speaks, and the oldest; absent: just the one. */
const protocols = {
  protocol: Schema.Int,
  oldest: Schema.optionalWith(Schema.Int, { exact: true })
}

const ServerHello = Schema.Struct({
  type: Schema.Literal("hello"),
  ...protocols,
  instance: Schema.NonEmptyString,
  node: NodeId,
  hostname: Schema.String
})
const Table = Schema.Struct({ type: Schema.Literal("table"), version: FeedVersion, table: RoutingTable })
const Delta = Schema.Struct({
  type: Schema.Literal("delta"),
  /** The sequence that the delta is applied to. */
  from: Schema.NonNegativeInt,
  version: FeedVersion,
  delta: TableDelta
})
/** `version` is null while the server has read nothing yet. */
const Heartbeat = Schema.Struct({ type: Schema.Literal("heartbeat"), version: Schema.NullOr(FeedVersion) })

export const ServerMessage = Schema.Union(ServerHello, Table, Delta, Heartbeat)
export type ServerMessage = typeof ServerMessage.Type

const ClientHello = Schema.Struct({
  type: Schema.Literal("hello"),
  ...protocols,
  /** The router's node. */
  node: NodeId,
  /** The last version it holds, if any. */
  resume: Schema.optionalWith(Schema.Struct({ instance: Schema.String, sequence: Schema.NonNegativeInt }), {
    exact: true
  })
})
export const ClientMessage = ClientHello
export type ClientMessage = typeof ClientMessage.Type

/** Represents a frame that is not a message of the protocol; the connection it came by is closed. */
export class FeedMessageMalformed extends Schema.TaggedError<FeedMessageMalformed>()("FeedMessageMalformed", {
  peer: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `malformed feed message from ${this.peer}: ${this.reason}; check that both ends are of neighbouring releases`
  }
}

/** What an end speaks, as its hello says it. */
export interface Protocols {
  readonly protocol: number
  readonly oldest?: number
}

/** What this release speaks. */
export const ownProtocols = { protocol: protocolVersion, oldest: oldestProtocol } as const

/** Represents two ends without a version of the protocol in common. */
export class FeedReleasesApart extends Schema.TaggedError<FeedReleasesApart>()("FeedReleasesApart", {
  peer: Schema.String,
  theirs: Schema.Int,
  ours: Schema.Int
}) {
  override get message(): string {
    const behind = this.theirs > this.ours ? "this end" : "that one"
    return `${this.peer} speaks version ${this.theirs} of the feed's protocol and we speak ${this.ours}; update ${behind}, one release at a time`
  }
}

/** The newest version that both ends speak. */
export const commonProtocol = (
  theirs: Protocols,
  peer: string,
  ours: Protocols = ownProtocols
): Either.Either<number, FeedReleasesApart> => {
  const common = Math.min(theirs.protocol, ours.protocol)
  const oldest = Math.max(theirs.oldest ?? theirs.protocol, ours.oldest ?? ours.protocol)
  return common >= oldest
    ? Either.right(common)
    : Either.left(new FeedReleasesApart({ peer, theirs: theirs.protocol, ours: ours.protocol }))
}

const Typed = Schema.Struct({ type: Schema.String })

const decoder = <A, I>(schema: Schema.Schema<A, I>, types: ReadonlyArray<string>) => {
  const decodeTyped = Schema.decodeUnknownEither(Schema.parseJson())
  const decodeType = Schema.decodeUnknownEither(Typed)
  const decode = Schema.decodeUnknownEither(schema)
  return (text: string, peer: string): Either.Either<A | undefined, FeedMessageMalformed> => {
    const malformed = (error: ParseResult.ParseError) => {
      const issue = ParseResult.ArrayFormatter.formatErrorSync(error)[0]
      const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `
      return new FeedMessageMalformed({ peer, reason: `${where}${issue?.message ?? "unreadable"}`.slice(0, 300) })
    }
    return Either.gen(function* () {
      const value = yield* Either.mapLeft(decodeTyped(text), malformed)
      const { type } = yield* Either.mapLeft(decodeType(value), malformed)
      if (!types.includes(type)) return undefined
      return yield* Either.mapLeft(decode(value), malformed)
    })
  }
}

/** A server's frame; `undefined` for a type that this release does not know. */
export const decodeServerMessage = decoder(ServerMessage, ["hello", "table", "delta", "heartbeat"])
/** A client's frame; `undefined` for a type that this release does not know. */
export const decodeClientMessage = decoder(ClientMessage, ["hello"])

const encodeServer = Schema.encodeSync(ServerMessage)
const encodeClient = Schema.encodeSync(ClientMessage)

export const encodeServerMessage = (message: ServerMessage): string => JSON.stringify(encodeServer(message))
export const encodeClientMessage = (message: ClientMessage): string => JSON.stringify(encodeClient(message))
