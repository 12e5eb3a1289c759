/** Finds a place for a request: an endpoint and a connection to it, or a wait, or neither. */
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import { armHedge } from "./Hedging.ts"
import { park } from "./Holding.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { sendRequest } from "./RequestSending.ts"
import { choose, chooseProbe } from "./Selection.ts"
import { takeConnection } from "./UpstreamPool.ts"

/**
 * Chooses an endpoint; where there is none, tries one that is out, lets the request wait, or refuses it. `first`: whether it
 * waits before all others, having had its turn.
 */
export const place = (context: ProxyContext, exchange: Exchange, now: number, first: boolean): void => {
  if (exchange.target === null) return
  const target = context.fleet.current(exchange.target)
  exchange.target = target
  const endpoint = choose(target, exchange.tried, now, context.random, exchange.affinity)
  if (endpoint !== null) return dispatch(context, exchange, endpoint, now)
  const mayHold = target.holdMillis > 0
  const probe = chooseProbe(target, now, mayHold ? context.limits.probePaceMs : 0)
  if (probe !== null) return dispatch(context, exchange, probe, now)
  if (mayHold) return park(context, exchange, target, first)
  exchange.refuse("no-endpoint")
}

/** Sends the request to `endpoint`, as soon as there is a connection. */
export const dispatch = (context: ProxyContext, exchange: Exchange, endpoint: Endpoint, now: number): void => {
  const { limits } = context
  const safe = exchange.idempotent && exchange.body.isAtMost(limits.replayBytes)
  const maxIdleMs = exchange.freshOnly ? 0 : safe ? Infinity : limits.unsafeReuseMs
  const connection = takeConnection(context, endpoint, exchange, maxIdleMs, now)
  exchange.connection = connection
  if (exchange.access !== null) exchange.access.endpoint = endpoint
  if (endpoint.service.hedgeAfter !== null) armHedge(context, exchange, endpoint, now)
  if (connection.reused) sendRequest(context, exchange, connection, now)
}
