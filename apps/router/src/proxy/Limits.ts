/** The numbers a proxy holds itself to: sizes, counts and times that are not a service's own to choose. */
import { defaultHeadLimits, type HeadLimits } from "@evenkeel/http1/HeadLimits"

export interface Limits {
  readonly head: HeadLimits
  /** Body bytes of a request kept for another try; also how far a body is read ahead while its request waits. */
  readonly replayBytes: number
  /** Connections of all clients together; what comes on top is told 503 and closed. */
  readonly connections: number
  /** Connections of one client's address; 0: as many as of all. Many clients behind one address look like one. */
  readonly connectionsPerClient: number
  /** Requests of one client's address under way at once; 0: no bound. */
  readonly requestsPerClient: number
  /** Requests of one route's target under way at once, those that wait included. */
  readonly requestsPerTarget: number
  readonly heldRequests: number
  /** Body bytes buffered by all held requests together. */
  readonly heldBytes: number
  /** A client's connection without a request. */
  readonly clientIdleMs: number
  /** From the first byte of a request's head to its last. */
  readonly clientHeadMs: number
  /** A client that neither sends its body nor reads its response. */
  readonly clientStallMs: number
  /** After our last byte, for the client to read it before the connection goes. */
  readonly lingerMs: number
  /** When the proxy shuts down, an idle connection may bring one more request within this. */
  readonly shutdownIdleMs: number
  /** A client that has closed its side and has no response yet is taken for gone after this. */
  readonly halfCloseGraceMs: number
  /** Bound of the connect time-out to endpoints of the router's own node. */
  readonly ownNodeConnectMs: number
  /** An idle connection to an endpoint, unless its `Keep-Alive: timeout` is shorter. */
  readonly poolIdleMs: number
  readonly poolIdlePerEndpoint: number
  /** A request that may not be sent twice reuses a connection idle for less than this; 0: always a fresh one. */
  readonly unsafeReuseMs: number
  /** This many requests in a row sent to an endpoint and not answered put it out, as a refused connection does. */
  readonly unansweredToEject: number
  /** This many answers of 502, 503 or 504 in a row put an endpoint out. */
  readonly gatewayErrorsToEject: number
  readonly ejectionBaseMs: number
  /** The first time out for such answers. */
  readonly gatewayEjectionBaseMs: number
  readonly ejectionMaxMs: number
  /** A task that asks by `Retry-After` for nothing new gets nothing for so long at most. */
  readonly retryAfterMaxMs: number
  /** Between two tries of one endpoint while every endpoint of a route is out. */
  readonly probePaceMs: number
  /** Two endpoints of a node that time out within this make the node suspect. */
  readonly suspicionWindowMs: number
  /** So do two endpoints that leave connections unanswered for this long while the node answers no request. */
  readonly unheardMs: number
  /** A task that comes while the router runs gets its full share after this. */
  readonly slowStartMs: number
  readonly tickMs: number
}

/** Those that an operator sets. */
export type OverloadLimits = Pick<
  Limits,
  "connections" | "connectionsPerClient" | "requestsPerClient" | "requestsPerTarget"
>

export const defaultLimits: Limits = {
  head: defaultHeadLimits,
  replayBytes: 65_536,
  connections: 50_000,
  connectionsPerClient: 0,
  requestsPerClient: 0,
  requestsPerTarget: 20_000,
  heldRequests: 10_000,
  heldBytes: 64 * 1024 * 1024,
  clientIdleMs: 75_000,
  clientHeadMs: 10_000,
  clientStallMs: 60_000,
  lingerMs: 2_000,
  shutdownIdleMs: 1_000,
  halfCloseGraceMs: 1_000,
  ownNodeConnectMs: 500,
  poolIdleMs: 4_000,
  poolIdlePerEndpoint: 256,
  unsafeReuseMs: 0,
  unansweredToEject: 5,
  gatewayErrorsToEject: 5,
  ejectionBaseMs: 1_000,
  gatewayEjectionBaseMs: 5_000,
  ejectionMaxMs: 60_000,
  retryAfterMaxMs: 30_000,
  probePaceMs: 250,
  suspicionWindowMs: 2_000,
  unheardMs: 400,
  slowStartMs: 10_000,
  tickMs: 100
}
