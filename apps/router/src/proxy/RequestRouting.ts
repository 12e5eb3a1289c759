/** Where the request just parsed goes: to a target, or back with the reason why to none. */
import { hostOf } from "@evenkeel/http1/Authority"
import { headerValue, keyOf, noKey } from "../balancing/Affinity.ts"
import { beginDeadline } from "./Deadline.ts"
import type { Exchange } from "./Exchange.ts"
import { forwardedRequest, passedBefore } from "./ForwardedHead.ts"
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { Peer } from "./Peers.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { stripPrefix } from "./RouteIndex.ts"
import type { Target } from "./Target.ts"
import { withTrace } from "../tracing/TraceContext.ts"

const servedMethods = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"

export const routeRequest = (context: ProxyContext, exchange: Exchange, peer: Peer): void => {
  const head = context.requestHead
  const { requestsPerClient } = context.limits
  if (requestsPerClient > 0 && peer.requests > requestsPerClient) {
    context.totals.reject("client-requests")
    const message = "Too many requests of this client are under way. Try again later."
    return exchange.respond(503, "client-requests", message, "Retry-After: 1\r\n")
  }
  if (head.method === "TRACE") {
    context.totals.reject("trace")
    return exchange.respond(405, "trace", "TRACE is not served.", servedMethods)
  }
  const host = hostOf(head.host)
  if (passedBefore(head, context.pseudonym)) {
    context.totals.reject("loop")
    context.emit({ type: "loop", host })
    return exchange.respond(502, "loop", `A request for ${host} came back to this router: a service routes to itself.`)
  }
  const path = head.path === "*" ? "/" : head.path
  const entry = context.fleet.routes.find(host, path)
  if (entry === null) {
    context.totals.reject("no-route")
    const named = host === "" ? "a request without a host" : host
    const message = `No service answers to ${named} here. Services with the label evenkeel.port do.`
    return exchange.respond(404, "no-route", message)
  }
  if (entry.redirect !== null && host !== "" && !cameOverTls(head, peer)) return redirect(context, exchange, host)
  readAffinity(context, exchange, entry.target)
  const asked = head.path === "*" || !entry.strip ? head.path : stripPrefix(head.path, entry.path)
  const fallback = entry.host === "*" ? entry.target.name : entry.host
  let forwarded = forwardedRequest(head, asked, fallback, peer, context.pseudonym)
  if (head.method === "OPTIONS") {
    const left = hopsLeft(head)
    if (left === 0)
      return exchange.respond(200, "max-forwards", "This router is as far as the request may go.", servedMethods)
    if (left > 0) forwarded = forwarded.replace(maxForwards, `\r\nMax-Forwards: ${left - 1}\r\n`)
  }
  if (!beginDeadline(context, exchange, head, entry.target)) return
  const span = exchange.access?.span ?? null
  exchange.start(entry.target, span === null ? forwarded : withTrace(forwarded, span))
}

const maxForwards = /\r\nmax-forwards:[^\r]*\r\n/i

/** How often the request may still be passed on (RFC 9110 §7.6.2); -1: as often as needed. */
const hopsLeft = (head: RequestHead): number => {
  const value = headerValue(head.fields, "max-forwards")
  return /^\d{1,9}$/.test(value) ? Number(value) : -1
}

/** To this router, or to a proxy before it that is trusted and says so. */
const cameOverTls = (head: RequestHead, peer: Peer): boolean =>
  peer.scheme === "https" || (peer.trusted && headerValue(head.fields, "x-forwarded-proto").toLowerCase() === "https")

/** 308: the method and the body stay the same (RFC 9110 §15.4.9). */
const redirect = (context: ProxyContext, exchange: Exchange, host: string): void => {
  const head = context.requestHead
  context.totals.reject("redirect")
  const authority = context.httpsPort === 443 ? host : `${host}:${context.httpsPort}`
  const to = `https://${authority}${head.path === "*" ? "/" : head.path}`
  exchange.respond(308, "redirect", `This is served at ${to}`, `Location: ${to}\r\n`)
}

/** What binds the request to an endpoint, where its target wants to know. */
const readAffinity = (context: ProxyContext, exchange: Exchange, target: Target): void => {
  const { policy } = target
  const head = context.requestHead
  if (policy.kind === "hash") exchange.affinity.key = policy.key === null ? noKey : keyOf(head, policy.key)
  else if (policy.kind === "sticky") exchange.affinity.endpoint = context.cookies.find(head, target.name, target)
}
