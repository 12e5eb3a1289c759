/**
 * Tasks that answer 503 with `Retry-After` (RFC 9110 §10.2.3): they are given nothing new for so long, within a bound, and a request
 * that may be repeated is put to another task. It is a task's word about itself, and could be about one client only: at most half of
 * a service's tasks are left alone by it, an only task never, and whoever is bound to the task gets the 503.
 */
import type { ResponseHead } from "@evenkeel/http1/ResponseHead"
import { headerValue } from "../balancing/Affinity.ts"
import { mayBeOut, noteAnswer } from "./Ejection.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import { isBound } from "./Hedging.ts"
import { dispatch } from "./Placing.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { choose } from "./Selection.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

/** The value of the field in milliseconds from `wallClockMs`: seconds or a date; 0 for anything else, and for what is past. */
export const retryAfterMs = (value: string, wallClockMs: number): number => {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000
  // Only dates that name their zone: nothing that `Date.parse` would guess at.
  const at = value.endsWith(" GMT") ? Date.parse(value) : NaN
  return Number.isNaN(at) ? 0 : Math.max(0, at - wallClockMs)
}

/** Notes the wish of an endpoint that answered 503 with this head, if it has one. */
export const noteRetryAfter = (context: ProxyContext, endpoint: Endpoint, head: ResponseHead): void => {
  const value = headerValue(head.fields, "retry-after")
  if (value === "") return
  const now = context.now()
  const pauseMs = Math.min(context.limits.retryAfterMaxMs, retryAfterMs(value, Date.now()))
  if (pauseMs <= 0 || endpoint.state !== "ready") return
  if (!mayBeOut(endpoint, (sibling) => sibling.isOut() || sibling.pausedUntil > now)) return
  if (endpoint.pausedUntil <= now) context.totals.eject("retry-after")
  endpoint.pausedUntil = Math.max(endpoint.pausedUntil, now + pauseMs)
}

/**
 * Puts a request, answered 503 by an endpoint that wants a pause, to another task instead. Returns whether it does: the answer is
 * then of no more use.
 */
export const askElsewhere = (context: ProxyContext, exchange: Exchange, connection: UpstreamConnection): boolean => {
  const { target, tried } = exchange
  const { endpoint } = connection
  const now = context.now()
  if (target === null || endpoint.pausedUntil <= now || isBound(exchange)) return false
  if (!exchange.repeatable || !exchange.body.complete || exchange.retries >= endpoint.service.retries) return false
  const next = choose(target, [...tried, endpoint], now, context.random, exchange.affinity)
  if (next === null || next === endpoint || tried.includes(next) || !next.admits(now)) return false
  if (!target.budget.take(now)) return false
  endpoint.observe(now - connection.sentAt, now)
  noteAnswer(context, connection, 503, now)
  connection.probe = false
  exchange.letGoOf(connection)
  tried.push(endpoint)
  exchange.retries++
  target.stats.retries++
  dispatch(context, exchange, next, now)
  return true
}
