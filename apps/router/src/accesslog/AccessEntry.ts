/** One request as the access log and traces tell of it, and its line of JSON. */
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { Endpoint } from "../proxy/Endpoint.ts"
import type { Peer } from "../proxy/Peers.ts"
import type { Span } from "../tracing/TraceContext.ts"

export interface AccessEntry {
  /** Milliseconds of the Unix epoch at which its head was read. */
  startedAtMillis: number
  client: string
  scheme: "http" | "https"
  /** Empty where the request could not be read. */
  method: string
  host: string
  /** As the client sent it, query included. */
  path: string
  /** 0: the client left before there was one. */
  status: number
  /** Bytes of the bodies, chunk framing included. */
  bytesIn: number
  bytesOut: number
  durationMs: number
  /** The last that was tried. */
  endpoint: Endpoint | null
  retries: number
  heldMs: number
  /** Why the answer is the router's own, or incomplete; empty otherwise. */
  reason: string
  /** Whether the access log gets it. */
  logged: boolean
  /** Null where traces are off. */
  span: Span | null
}

/** A request that begins; `head` null: it could not be read. */
export const entryOf = (head: RequestHead | null, peer: Peer, startedAtMillis: number): AccessEntry => ({
  startedAtMillis,
  client: peer.address,
  scheme: peer.scheme,
  method: head === null ? "" : head.method,
  host: head === null ? "" : head.host,
  path: head === null ? "" : head.path,
  status: 0,
  bytesIn: 0,
  bytesOut: 0,
  durationMs: 0,
  endpoint: null,
  retries: 0,
  heldMs: 0,
  reason: "",
  logged: true,
  span: null
})

/** How long a request waited for an endpoint before it was sent, if it was. */
export const heldMsOf = (heldSince: number, sentAt: number, now: number): number =>
  heldSince === 0 ? 0 : (sentAt > heldSince ? sentAt : now) - heldSince

const special = /["\\]|[^ -~]/

/** `text` as a JSON string; the usual one needs no escapes. */
const quoted = (text: string): string => (special.test(text) ? JSON.stringify(text) : `"${text}"`)

const thousandths = (ms: number): number => Math.round(ms * 1_000) / 1_000

let secondOfText = -1
let textOfSecond = ""

/** ISO 8601 in UTC with milliseconds. Its first part changes once a second. */
const timeText = (millis: number): string => {
  const second = Math.floor(millis / 1_000)
  if (second !== secondOfText) {
    secondOfText = second
    textOfSecond = new Date(second * 1_000).toISOString().slice(0, 20)
  }
  return `${textOfSecond}${String(Math.floor(millis - second * 1_000)).padStart(3, "0")}Z`
}

/** The line, its line feed included. Whatever a client sends, it stays one line of valid JSON. */
export const lineOf = (entry: AccessEntry): string => {
  const { endpoint } = entry
  const task = endpoint === null ? "null" : quoted(endpoint.task)
  const node = endpoint === null ? "null" : quoted(endpoint.node.id)
  return (
    `{"time":"${timeText(entry.startedAtMillis)}","client":${quoted(entry.client)},"scheme":"${entry.scheme}",` +
    `"method":${quoted(entry.method)},"host":${quoted(entry.host)},"path":${quoted(entry.path)},` +
    `"status":${entry.status},"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut},` +
    `"durationMs":${thousandths(entry.durationMs)},"task":${task},"node":${node},"retries":${entry.retries},` +
    `"heldMs":${Math.round(entry.heldMs)},"reason":${quoted(entry.reason)}}\n`
  )
}
