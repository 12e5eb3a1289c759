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

/** `000` to `999`. */
const threeDigits: ReadonlyArray<string> = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, "0"))

/** Milliseconds to the microsecond, as a number of JSON. */
const millisText = (ms: number): string => {
  const micros = Math.round(ms * 1_000)
  const whole = Math.floor(micros / 1_000)
  return `${whole}.${threeDigits[micros - whole * 1_000] ?? "000"}`
}

let secondOfText = -1
let textOfSecond = ""

/** ISO 8601 in UTC with milliseconds. Its first part changes once a second. */
const timeText = (millis: number): string => {
  const second = Math.floor(millis / 1_000)
  if (second !== secondOfText) {
    secondOfText = second
    textOfSecond = new Date(second * 1_000).toISOString().slice(0, 20)
  }
  return `${textOfSecond}${threeDigits[Math.floor(millis - second * 1_000)] ?? "000"}Z`
}

const noPlace = `"task":null,"node":null`
const places = new WeakMap<Endpoint, string>()

/** Which task answered, and where: made once for each. */
const placeText = (endpoint: Endpoint | null): string => {
  if (endpoint === null) return noPlace
  let text = places.get(endpoint)
  if (text === undefined) {
    text = `"task":${quoted(endpoint.task)},"node":${quoted(endpoint.node.id)}`
    places.set(endpoint, text)
  }
  return text
}

let lastClient = ""
let textOfClient = `""`

/** Clients send many requests each: the last one's address is at hand. */
const clientText = (address: string): string => {
  if (address !== lastClient) {
    lastClient = address
    textOfClient = quoted(address)
  }
  return textOfClient
}

/** The line, its line feed included. Whatever a client sends, it stays one line of valid JSON. */
export const lineOf = (entry: AccessEntry): string => {
  const method = entry.method === "GET" ? `"GET"` : quoted(entry.method)
  const reason = entry.reason === "" ? `""` : quoted(entry.reason)
  return (
    `{"time":"${timeText(entry.startedAtMillis)}","client":${clientText(entry.client)},"scheme":"${entry.scheme}",` +
    `"method":${method},"host":${quoted(entry.host)},"path":${quoted(entry.path)},` +
    `"status":${entry.status},"bytesIn":${entry.bytesIn},"bytesOut":${entry.bytesOut},` +
    `"durationMs":${millisText(entry.durationMs)},${placeText(entry.endpoint)},"retries":${entry.retries},` +
    `"heldMs":${Math.round(entry.heldMs)},"reason":${reason}}\n`
  )
}
