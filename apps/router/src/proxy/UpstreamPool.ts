/** How an exchange comes by a connection to the endpoint chosen for it, and how it gives one up that is of no more use. */
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { UpstreamConnection } from "./UpstreamConnection.ts"

/**
 * A connection idle for less than `maxIdleMs`, or a fresh one, still connecting (`reused` tells which). If the endpoint or
 * its node is out, this use is the probe that finds out whether it is back.
 */
export const takeConnection = (
  context: ProxyContext,
  endpoint: Endpoint,
  exchange: Exchange,
  maxIdleMs: number,
  now: number
): UpstreamConnection => {
  endpoint.outstanding++
  const pooled = endpoint.takeIdle(now, maxIdleMs)
  const connection = pooled ?? new UpstreamConnection(context, endpoint, exchange)
  pooled?.attach(exchange)
  const { node } = endpoint
  if (endpoint.backoff.isOut() || node.isSuspect()) {
    connection.probe = true
    endpoint.backoff.beginProbe(now)
    if (node.backoff.isOut()) node.backoff.beginProbe(now)
  }
  return connection
}

/** The use ends before its response: the connection goes, and a probe that it was has shown nothing. */
export const dropConnection = (connection: UpstreamConnection): void => {
  const { endpoint } = connection
  endpoint.outstanding--
  if (connection.probe) {
    endpoint.backoff.abandonProbe()
    endpoint.node.backoff.abandonProbe()
  }
  connection.destroy()
}
