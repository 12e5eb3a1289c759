/**
 * Field names an intermediary must recognise, as small numbers found without allocating: framing, routing, what belongs to
 * one hop, what tells where a request came from, and how long it may take. Every other field is passed on unread.
 */

/** `lookalike`: one of the names below with `_` for `-`, which some backends (CGI) read as the real one. */
export const FieldKind = {
  other: 0,
  host: 1,
  connection: 2,
  contentLength: 3,
  transferEncoding: 4,
  upgrade: 5,
  expect: 6,
  te: 7,
  keepAlive: 8,
  proxyConnection: 9,
  via: 10,
  forwarded: 11,
  xForwardedFor: 12,
  xForwardedProto: 13,
  xForwardedHost: 14,
  xForwardedOther: 15,
  date: 16,
  lookalike: 17,
  requestTimeout: 18,
  grpcTimeout: 19
} as const
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind]

const known: ReadonlyArray<readonly [string, FieldKind]> = [
  ["host", FieldKind.host],
  ["connection", FieldKind.connection],
  ["content-length", FieldKind.contentLength],
  ["transfer-encoding", FieldKind.transferEncoding],
  ["upgrade", FieldKind.upgrade],
  ["expect", FieldKind.expect],
  ["te", FieldKind.te],
  ["keep-alive", FieldKind.keepAlive],
  ["proxy-connection", FieldKind.proxyConnection],
  ["via", FieldKind.via],
  ["forwarded", FieldKind.forwarded],
  ["x-forwarded-for", FieldKind.xForwardedFor],
  ["x-forwarded-proto", FieldKind.xForwardedProto],
  ["x-forwarded-host", FieldKind.xForwardedHost],
  ["x-real-ip", FieldKind.xForwardedOther],
  ["date", FieldKind.date],
  ["x-request-timeout-ms", FieldKind.requestTimeout],
  ["grpc-timeout", FieldKind.grpcTimeout]
]

/** A name in lower case as bytes, so that it can be compared with what was received. */
class KnownName {
  readonly octets: Uint8Array
  readonly kind: FieldKind

  constructor(name: string, kind: FieldKind) {
    this.octets = Buffer.from(name, "latin1")
    this.kind = kind
  }
}

const longest = Math.max(...known.map(([name]) => name.length))
const byLength: ReadonlyArray<ReadonlyArray<KnownName>> = Array.from({ length: longest + 1 }, (_, n) =>
  known.filter(([name]) => name.length === n).map(([name, kind]) => new KnownName(name, kind))
)
const forwardedPrefix = Buffer.from("x-forwarded-", "latin1")

const hyphen = 45
const lowerX = 120
/** What `_` becomes by `| 0x20`. */
const folded = 127

/**
 * Compares `name`, lower case, with the bytes from `start`, ignoring case: 1 equal, 2 equal if `_` counts as `-`, 0 different.
 */
const compare = (bytes: Uint8Array, start: number, name: Uint8Array): 0 | 1 | 2 => {
  let result: 1 | 2 = 1
  for (let i = 0; i < name.length; i++) {
    const wanted = name[i]
    const found = (bytes[start + i] ?? 0) | 0x20
    if (found === wanted) continue
    if (wanted === hyphen && found === folded) result = 2
    else return 0
  }
  return result
}

/** The kind of the field whose name, made of token characters, lies in `bytes` from `start` to `end`. */
export const fieldKind = (bytes: Uint8Array, start: number, end: number): FieldKind => {
  const length = end - start
  const first = (bytes[start] ?? 0) | 0x20
  if (length <= longest) {
    const candidates = byLength[length] ?? []
    for (let i = 0; i < candidates.length; i++) {
      const candidate = candidates[i]
      if (candidate === undefined || candidate.octets[0] !== first) continue
      const result = compare(bytes, start, candidate.octets)
      if (result === 1) return candidate.kind
      if (result === 2) return FieldKind.lookalike
    }
  }
  if (length > forwardedPrefix.length && first === lowerX) {
    const result = compare(bytes, start, forwardedPrefix)
    if (result === 1) return FieldKind.xForwardedOther
    if (result === 2) return FieldKind.lookalike
  }
  return FieldKind.other
}

/** Whether `bytes` from `start` to `end` are `word` (lower case), ignoring case. */
export const equalsIgnoringCase = (bytes: Uint8Array, start: number, end: number, word: string): boolean => {
  if (end - start !== word.length) return false
  for (let i = 0; i < word.length; i++) {
    const found = bytes[start + i] ?? 0
    if ((found >= 65 && found <= 90 ? found + 32 : found) !== word.charCodeAt(i)) return false
  }
  return true
}
