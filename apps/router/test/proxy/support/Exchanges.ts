/**
 * Well-formed requests of every kind on one connection, the answers that they ask for, and the bytes of both as they may come: in any
 * framing, in any pieces. The same seed makes the same case.
 */
import { randomOf } from "./Seeds.ts"

export type Framing = "none" | "length" | "chunked" | "close"

export interface Asked {
  readonly method: string
  /** Names the case and the request, and says by its query what the answer shall be. */
  readonly path: string
  readonly body: Buffer
  /** The whole request. */
  readonly bytes: Buffer
  /** The status and the body that the client shall see. */
  readonly status: number
  readonly answer: Buffer
  /** It is no valid request: it must not arrive, and what follows it on its connection must not either. */
  readonly flawed: boolean
}

export interface ExchangeCase {
  readonly seed: number
  readonly requests: ReadonlyArray<Asked>
  /** All requests are sent without waiting for answers. */
  readonly pipelined: boolean
  /** Where the bytes of request `i` are cut: sizes of the pieces, the last one takes the rest. */
  readonly cuts: ReadonlyArray<ReadonlyArray<number>>
}

/** `size` bytes that differ from those of another `salt`, CR, LF and NUL among them. */
export const bodyOf = (salt: number, size: number): Buffer => {
  const below = randomOf(salt)
  const body = Buffer.allocUnsafe(size)
  for (let i = 0; i < size; i++) body[i] = below(256)
  return body
}

/** `body` in chunks of sizes drawn by `below`, with extensions, upper and lower case, leading zeros and trailers. */
export const chunked = (body: Buffer, below: (bound: number) => number, trailers: boolean): Buffer => {
  const parts: Array<Buffer> = []
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, 1 + below(below(3) === 0 ? 20_000 : 40))
    const hex = size.toString(16)
    const text = below(4) === 0 ? hex.toUpperCase() : below(6) === 0 ? `00${hex}` : hex
    const extension = below(8) === 0 ? `;a=${below(9)}` : below(12) === 0 ? ';b="x y"' : ""
    parts.push(Buffer.from(`${text}${extension}\r\n`), body.subarray(at, at + size), Buffer.from("\r\n"))
    at += size
  }
  parts.push(Buffer.from(trailers ? "0\r\nX-Checked: yes\r\n\r\n" : "0\r\n\r\n"))
  return Buffer.concat(parts)
}

const sizes = [0, 1, 2, 100, 1_000, 16_383, 16_385, 70_000]
const withBody = ["POST", "PUT", "PATCH", "DELETE"]
const withoutBody = ["GET", "GET", "HEAD", "OPTIONS", "DELETE"]
const statuses = [200, 200, 200, 201, 204, 304, 404, 500]
const fields = [
  "Accept: */*",
  "X-Long: " + "v".repeat(3_000),
  "Cookie: a=1; b=2",
  "X-Empty:",
  "x-odd:\tvalue \t",
  'If-None-Match: "x"'
]

/** Field lines that no request may have, each with what makes it wrong. */
const flaws = [
  "X : a",
  "X: a\0b",
  " folded: line",
  "X: a\n b",
  "Host: other",
  "Content-Length: 5, 6",
  "Content-Length: -1",
  "Content-Length: 3\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: gzip",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  "X: " + "v".repeat(33_000),
  "X: y\r\n".repeat(130).trimEnd(),
  "(name): x"
]

const sizeBy = (below: (bound: number) => number): number =>
  below(3) === 0 ? below(300) : (sizes[below(sizes.length)] ?? 0)

const asked = (seed: number, i: number, below: (bound: number) => number, expects: boolean): Asked => {
  const hasBody = below(2) === 0
  const methods = hasBody ? withBody : withoutBody
  const method = methods[below(methods.length)] ?? "GET"
  const body = hasBody ? bodyOf(seed * 31 + i, sizeBy(below)) : Buffer.alloc(0)
  const framing: Framing = !hasBody ? "none" : below(2) === 0 ? "length" : "chunked"
  const status = statuses[below(statuses.length)] ?? 200
  const empty = method === "HEAD" || status === 204 || status === 304
  const size = empty && status !== 200 ? 0 : sizeBy(below)
  const answerFraming: Framing = below(3) === 0 ? "length" : below(4) === 0 ? "close" : "chunked"
  const path = `/exchange?${seed}.${i}.${status}.${size}.${answerFraming}`
  const lines = [`${method} ${path} HTTP/1.1`, "Host: web"]
  for (const field of fields) if (below(4) === 0) lines.push(field)
  const flawed = below(25) === 0
  if (flawed) lines.splice(1 + below(lines.length), 0, flaws[below(flaws.length)] ?? "")
  if (framing === "length") lines.push(`Content-Length: ${body.length}`)
  if (framing === "chunked") lines.push("Transfer-Encoding: chunked")
  if (hasBody && body.length > 0 && below(12) === 0 && expects) lines.push("Expect: 100-continue")
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1")
  const sent = framing === "chunked" ? chunked(body, below, below(4) === 0) : body
  const answer = empty ? Buffer.alloc(0) : bodyOf(seed * 37 + i, size)
  return { method, path, body, bytes: Buffer.concat([head, sent]), status, answer, flawed }
}

/** `expects`: whether some requests say `Expect: 100-continue`. */
export const exchangeCase = (seed: number, expects: boolean): ExchangeCase => {
  const below = randomOf(seed)
  const requests = Array.from({ length: 1 + below(6) }, (_, i) => asked(seed, i, below, expects))
  const cuts = requests.map(() => Array.from({ length: below(3) === 0 ? below(12) : below(3) }, () => 1 + below(400)))
  return { seed, requests, pipelined: below(3) === 0, cuts }
}

/** What `path` asks for, for the backend that answers it. */
export const answerFor = (path: string) => {
  const [seed = 0, i = 0, status = 200, size = 0] = (path.split("?")[1] ?? "").split(".").map(Number)
  const framing = path.slice(path.lastIndexOf(".") + 1) as Framing
  return { status, framing, body: bodyOf(seed * 37 + i, size) }
}
