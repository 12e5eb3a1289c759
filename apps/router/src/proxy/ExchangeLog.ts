/** What the access log and traces are told of a request when it has ended. */
import { heldMsOf } from "../accesslog/AccessEntry.ts"
import type { Exchange } from "./Exchange.ts"
import type { ProxyContext } from "./ProxyContext.ts"

/** `reason`: why the answer is not a task's, or not whole; empty otherwise. Once for each request that is observed. */
export const logExchange = (context: ProxyContext, exchange: Exchange, now: number, reason: string): void => {
  const { access, body, heldSince, sentAt, startedAt, status, tried } = exchange
  exchange.access = null
  if (access === null || context.observer === null) return
  access.reason = reason
  access.status = status
  access.durationMs = now - startedAt
  access.bytesIn = body.received
  access.retries = tried.length
  access.heldMs = heldMsOf(heldSince, sentAt, now)
  context.observer.close(access)
}
