/**
 * The heads that are sent on (RFC 9110 §7.6): runs of field lines as they came, without what belongs to one hop, and after
 * them what this hop has to say. What `Connection` names is dropped, except what frames or routes the message: those a
 * sender cannot have dropped.
 */
import { FieldKind } from "@evenkeel/http1/FieldKind"
import type { FieldLines } from "@evenkeel/http1/FieldLines"
import { BodyFraming } from "@evenkeel/http1/Framing"
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { ResponseHead } from "@evenkeel/http1/ResponseHead"
import type { Peer } from "./Peers.ts"

export const webSocket = "websocket"

/** Whether this head asks for an upgrade that is passed on: to `websocket` only, by a GET without a body. */
export const asksForTunnel = (head: RequestHead): boolean =>
  head.upgrade === webSocket && head.method === "GET" && head.framing === BodyFraming.none

const isNamed = (fields: FieldLines, i: number, names: ReadonlyArray<string> | null): boolean =>
  names !== null && names.includes(fields.name(i).toLowerCase())

/** Whether one of the Via fields names `pseudonym` as a recipient. */
export const passedBefore = (head: RequestHead, pseudonym: string): boolean => {
  const { fields } = head
  for (let i = 0; i < fields.count; i++) {
    if (fields.kind[i] !== FieldKind.via) continue
    for (const hop of fields.value(i).split(",")) if (hop.trim().split(/[ \t]+/)[1] === pseudonym) return true
  }
  return false
}

const keepsRequestField = (head: RequestHead, i: number, trusted: boolean): boolean => {
  const { fields } = head
  const { names } = head.connection
  switch (fields.kind[i]) {
    case FieldKind.other:
    case FieldKind.date:
      return !isNamed(fields, i, names)
    case FieldKind.host:
      return head.authority === null
    case FieldKind.contentLength:
      return true
    case FieldKind.expect:
      return head.expectContinue
    case FieldKind.via:
      return true
    case FieldKind.forwarded:
    case FieldKind.xForwardedProto:
    case FieldKind.xForwardedHost:
    case FieldKind.xForwardedOther:
      return trusted && !isNamed(fields, i, names)
    default:
      // Hop-by-hop, look-alikes, and what is written anew: below, and by the request's deadline.
      return false
  }
}

/**
 * The head to send to an endpoint. `path`: what to ask for; `host`: what to call it when the request named no host.
 */
export const forwardedRequest = (
  head: RequestHead,
  path: string,
  host: string,
  peer: Peer,
  pseudonym: string
): string => {
  const { fields } = head
  const { text } = fields
  const named = head.host === "" ? host : head.host
  let out = `${head.method} ${path} HTTP/1.1\r\n`
  if (head.authority !== null || head.host === "") out += `Host: ${named}\r\n`
  let forwardedFor = ""
  let hasProto = false
  let hasHost = false
  let from = -1
  for (let i = 0; i < fields.count; i++) {
    const start = fields.lineStart[i] ?? 0
    if (keepsRequestField(head, i, peer.trusted)) {
      if (from === -1) from = start
      if (fields.kind[i] === FieldKind.xForwardedProto) hasProto = true
      else if (fields.kind[i] === FieldKind.xForwardedHost) hasHost = true
      continue
    }
    if (from !== -1) out += text.slice(from, start)
    from = -1
    if (fields.kind[i] === FieldKind.xForwardedFor && peer.trusted && !isNamed(fields, i, head.connection.names))
      forwardedFor += `${fields.value(i)}, `
  }
  if (from !== -1) out += text.slice(from, fields.end)
  if (head.framing === BodyFraming.chunked) out += "Transfer-Encoding: chunked\r\n"
  if (asksForTunnel(head)) out += "Connection: Upgrade\r\nUpgrade: websocket\r\n"
  else if (head.acceptsTrailers) out += "Connection: TE\r\nTE: trailers\r\n"
  if (!peer.trusted && head.minorVersion === 1)
    return `${out}${(peer.lines ??= linesOf(peer, pseudonym))}${named}\r\n\r\n`
  out += `Via: 1.${head.minorVersion} ${pseudonym}\r\nX-Forwarded-For: ${forwardedFor}${peer.address}\r\n`
  if (!hasProto) out += `X-Forwarded-Proto: ${peer.scheme}\r\n`
  if (!hasHost) out += `X-Forwarded-Host: ${named}\r\n`
  return out + "\r\n"
}

/** What is added to every request of HTTP/1.1 of a client that is not trusted, up to the host's name. */
const linesOf = ({ address, scheme }: Peer, pseudonym: string): string =>
  `Via: 1.1 ${pseudonym}\r\nX-Forwarded-For: ${address}\r\nX-Forwarded-Proto: ${scheme}\r\nX-Forwarded-Host: `

const keepsResponseField = (head: ResponseHead, i: number): boolean => {
  switch (head.fields.kind[i]) {
    case FieldKind.connection:
    case FieldKind.keepAlive:
    case FieldKind.proxyConnection:
    case FieldKind.te:
    case FieldKind.transferEncoding:
    case FieldKind.upgrade:
      return false
    case FieldKind.contentLength:
      // RFC 9110 §8.6: neither 1xx nor 204 has one.
      return head.status >= 200 && head.status !== 204
    default:
      return !isNamed(head.fields, i, head.connection.names)
  }
}

/**
 * The head to send to the client. `close`: whether the connection ends with this response; `dateLine`: added where the
 * endpoint sent no Date; `framed`: whether a chunked body is passed on in its chunks; `notes`: field lines of the router's.
 */
export const forwardedResponse = (
  head: ResponseHead,
  close: boolean,
  dateLine: string,
  framed: boolean,
  notes = ""
): string => {
  const { fields } = head
  let out = `HTTP/1.1 ${head.statusText}\r\n`
  let from = -1
  for (let i = 0; i < fields.count; i++) {
    if (keepsResponseField(head, i)) {
      if (from === -1) from = fields.lineStart[i] ?? 0
    } else {
      if (from !== -1) out += fields.text.slice(from, fields.lineStart[i])
      from = -1
    }
  }
  if (from !== -1) out += fields.text.slice(from, fields.end)
  if (head.status < 200)
    return head.status === 101 ? `${out}${notes}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n` : `${out}\r\n`
  if (!head.hasDate) out += dateLine
  out += notes
  if (framed) out += "Transfer-Encoding: chunked\r\n"
  if (head.status === 426) out += `Connection: Upgrade${close ? ", close" : ""}\r\nUpgrade: ${webSocket}\r\n`
  else if (close) out += "Connection: close\r\n"
  return out + "\r\n"
}

/** Whether the head in its own bytes can be sent once lines are taken out: nothing has to be added or written anew. */
export const canTrim = (head: ResponseHead): boolean =>
  // A space after the status may be missing from the line.
  head.hasDate && head.minorVersion === 1 && head.status !== 426 && head.hasReasonSpace

/**
 * Takes the lines that are not passed on out of a head that lies in `bytes` from `start`, by moving what precedes each over
 * it. `framed`: whether `Transfer-Encoding` stays. Returns where the head begins now.
 */
export const trimInPlace = (head: ResponseHead, bytes: Buffer, start: number, framed: boolean): number => {
  const { fields } = head
  let from = start
  for (let i = 0; i < fields.count; i++) {
    if (keepsResponseField(head, i) || (framed && fields.kind[i] === FieldKind.transferEncoding)) continue
    const lineStart = fields.lineStart[i] ?? 0
    const length = (fields.lineStart[i + 1] ?? 0) - lineStart
    bytes.copyWithin(from + length, from, start + lineStart)
    from += length
  }
  return from
}
