/**
 * Letting requests wait for an endpoint, and letting them go: bounded in number, bytes and time, first come first served.
 * While every endpoint is out, one waiting request at a time is the probe that finds out whether one is back.
 */
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { choose, chooseProbe } from "./Selection.ts"
import type { Target } from "./Target.ts"

/** Released at once; the next follow when one of them has ended, or with the next tick. */
const releasedTogether = 64
const untried: ReadonlyArray<Endpoint> = []

/** `first`: back to the front, after a try that failed. Its time counts from when it first waited. */
export const park = (context: ProxyContext, exchange: Exchange, target: Target, first: boolean): void => {
  const now = context.now()
  if (exchange.heldSince === 0) {
    exchange.heldSince = now
    target.stats.held++
    target.heldInStretch++
  }
  const left = exchange.heldSince + target.holdMillis - now
  if (left <= 0) return exchange.refuse("hold-expired")
  if (!context.holdBudget.hasRoomFor(exchange.body.keptBytes)) return exchange.refuse("hold-full")
  context.holdBudget.requests++
  exchange.heldBytes = exchange.body.keptBytes
  context.holdBudget.bytes += exchange.heldBytes
  exchange.parked = true
  if (first) target.queue.pushFront(exchange)
  else target.queue.pushBack(exchange)
  exchange.client.expireHoldAfter(left)
  if (target.heldInStretch === 1 && target.queue.length === 1) context.emit({ type: "hold-begun", target: target.name })
}

export const unpark = (context: ProxyContext, exchange: Exchange): void => {
  const { target } = exchange
  if (!exchange.parked || target === null) return
  target.queue.remove(exchange)
  context.holdBudget.requests--
  context.holdBudget.bytes -= exchange.heldBytes
  exchange.heldBytes = 0
  exchange.parked = false
  exchange.client.expectBody()
  const waited = context.now() - exchange.heldSince
  target.stats.holdLongestMs = Math.max(target.stats.holdLongestMs, waited)
  target.longestInStretchMs = Math.max(target.longestInStretchMs, waited)
}

/** A waiting request whose body has grown by `bytes`. Returns whether it may grow further. */
export const growHeld = (context: ProxyContext, exchange: Exchange, bytes: number): boolean => {
  exchange.heldBytes += bytes
  context.holdBudget.bytes += bytes
  return context.holdBudget.hasRoomFor(0)
}

/** The longest that any request may wait has passed for this one. */
export const expireHold = (context: ProxyContext, exchange: Exchange): void => {
  unpark(context, exchange)
  exchange.refuse("hold-expired")
}

/** Sends waiting requests to where they can go now. */
export const pump = (context: ProxyContext, target: Target): void => {
  const now = context.now()
  for (let released = 0; released < releasedTogether; released++) {
    const exchange = target.queue.peek()
    if (exchange === null) break
    const endpoint =
      choose(target, untried, now, context.random, exchange.affinity) ??
      chooseProbe(target, now, context.limits.probePaceMs)
    if (endpoint === null) break
    unpark(context, exchange)
    exchange.resumeAt(endpoint, now)
  }
  endStretch(context, target)
}

/** Says so once nobody waits any more. */
export const endStretch = (context: ProxyContext, target: Target): void => {
  if (target.queue.length > 0 || target.heldInStretch === 0) return
  const { heldInStretch: requests, longestInStretchMs } = target
  target.heldInStretch = 0
  target.longestInStretchMs = 0
  context.emit({ type: "hold-ended", target: target.name, requests, longestMs: Math.round(longestInStretchMs) })
}
