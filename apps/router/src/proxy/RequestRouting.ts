/** Where the request just parsed goes: to a target, or back with the reason why to none. */
import { hostOf } from "@evenkeel/http1/Authority"
import type { Exchange } from "./Exchange.ts"
import { forwardedRequest, passedBefore } from "./ForwardedHead.ts"
import type { Peer } from "./Peers.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { stripPrefix } from "./RouteIndex.ts"

const servedMethods = "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH\r\n"

export const routeRequest = (context: ProxyContext, exchange: Exchange, peer: Peer): void => {
  const head = context.requestHead
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
  const asked = head.path === "*" || !entry.strip ? head.path : stripPrefix(head.path, entry.path)
  const fallback = entry.host === "*" ? entry.target.name : entry.host
  exchange.start(entry.target, forwardedRequest(head, asked, fallback, peer, context.pseudonym))
}
