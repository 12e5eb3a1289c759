/** Which connections are one too many, and what they are told. */
import type { ErrorResponse } from "./ErrorResponse.ts"
import type { Peer } from "./Peers.ts"
import type { ProxyContext } from "./ProxyContext.ts"

export const tooManyConnections: ErrorResponse = {
  status: 503,
  reason: "connections",
  message: "Too many connections are open. Try again later.",
  fields: "Retry-After: 1\r\n"
}

/** Whether a connection of `peer`, counted already, is more than the limits allow. */
export const isTooMany = ({ limits, totals }: ProxyContext, peer: Peer): boolean =>
  totals.clientConnections > limits.connections ||
  (limits.connectionsPerClient > 0 && peer.connections > limits.connectionsPerClient)
