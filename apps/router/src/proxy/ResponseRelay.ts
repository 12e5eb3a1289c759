/**
 * A response's head on its way to the client: in its own bytes where lines only have to be taken out, written anew where
 * something is added. Decides whether the client's connection ends with it.
 */
import { BodyFraming } from "@evenkeel/http1/Framing"
import type { ResponseHead } from "@evenkeel/http1/ResponseHead"
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import { canTrim, forwardedResponse, trimInPlace } from "./ForwardedHead.ts"
import type { ProxyContext } from "./ProxyContext.ts"

/** Passed on, the first 100 only, and not to HTTP/1.0. */
export const sendInterim = (exchange: Exchange, head: ResponseHead): void => {
  if (exchange.minorVersion === 0 || (head.status === 100 && exchange.continueSent)) return
  if (head.status === 100) exchange.continueSent = true
  exchange.client.write(Buffer.from(forwardedResponse(head, false, "", false), "latin1"))
}

/**
 * The final head lies in `bytes` from `start` to `bodyStart`, and the first of its body from there to `end`. Both go out in one
 * write. Returns whether the client takes more at once.
 */
export const sendHead = (
  context: ProxyContext,
  exchange: Exchange,
  endpoint: Endpoint,
  head: ResponseHead,
  bytes: Buffer,
  start: number,
  bodyStart: number,
  end: number
): boolean => {
  const { body, client, keepAlive, wantsPlainBody } = exchange
  const chunked = head.framing === BodyFraming.chunked
  const untilClose = head.framing === BodyFraming.untilClose
  // An answer may begin before the request has ended; only a refusal means that the rest is not wanted.
  const unwanted = !body.complete && head.status >= 400
  const close = !keepAlive || unwanted || untilClose || context.closing || (chunked && wantsPlainBody)
  exchange.closeAfter = close
  const framed = chunked && !wantsPlainBody
  const notes = notesOf(context, exchange, endpoint)
  if (notes === "" && !close && canTrim(head)) {
    const from = trimInPlace(head, bytes, start, framed)
    return client.write(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end))
  }
  const text = forwardedResponse(head, close, context.dateLine, framed, notes)
  return client.writeHead(text, end > bodyStart ? bytes.subarray(bodyStart, end) : null)
}

/** What the client may learn: how long the request was held, how often it was tried, and to whom it sticks. */
export const notesOf = (context: ProxyContext, exchange: Exchange, endpoint: Endpoint): string => {
  const { affinity, client, heldSince, sentAt, target, tried } = exchange
  const sticks = target !== null && target.policy.kind === "sticky" && endpoint !== affinity.endpoint
  const cookie = sticks ? context.cookies.line(target.name, endpoint, client.peer.scheme === "https") : ""
  const held = heldSince === 0 ? "" : `Evenkeel-Held-Ms: ${Math.round(sentAt - heldSince)}\r\n`
  return tried.length === 0 ? held + cookie : `${held}Evenkeel-Tries: ${tried.length + 1}\r\n${cookie}`
}
