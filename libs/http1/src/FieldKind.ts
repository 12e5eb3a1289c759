/**
 * Field names an intermediary must recognise, as small numbers found without allocating: framing, routing, what belongs to
 * one hop, and what tells where a request came from. Every other field is passed on unread.
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
  lookalike: 17
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
  ["date", FieldKind.date]
]

const longest = Math.max(...known.map(([name]) => name.length))
const byLength: ReadonlyArray<ReadonlyArray<readonly [string, FieldKind]>> = Array.from(
  { length: longest + 1 },
  (_, n) => known.filter(([name]) => name.length === n)
)
const forwardedPrefix = "x-forwarded-"

const hyphen = 45
/** What `_` becomes by `| 0x20`. */
const folded = 127

/**
 * Compares `name`, lower case, with the characters of `text` from `start`, ignoring case: 1 equal, 2 equal if `_` counts as
 * `-`, 0 different.
 */
const compare = (text: string, start: number, name: string): 0 | 1 | 2 => {
  let result: 1 | 2 = 1
  for (let i = 0; i < name.length; i++) {
    const wanted = name.charCodeAt(i)
    const found = text.charCodeAt(start + i) | 0x20
    if (found === wanted) continue
    if (wanted === hyphen && found === folded) result = 2
    else return 0
  }
  return result
}

/** The kind of the field whose name, made of token characters, is `text` from `start` to `end`. */
export const fieldKind = (text: string, start: number, end: number): FieldKind => {
  const length = end - start
  const candidates = byLength[length]
  if (candidates !== undefined) {
    for (const [name, kind] of candidates) {
      const result = compare(text, start, name)
      if (result === 1) return kind
      if (result === 2) return FieldKind.lookalike
    }
  }
  if (length > forwardedPrefix.length && (text.charCodeAt(start) | 0x20) === 120) {
    const result = compare(text, start, forwardedPrefix)
    if (result === 1) return FieldKind.xForwardedOther
    if (result === 2) return FieldKind.lookalike
  }
  return FieldKind.other
}

/** Whether `text` from `start` to `end` is `word` (lower case), ignoring case. */
export const equalsIgnoringCase = (text: string, start: number, end: number, word: string): boolean =>
  end - start === word.length && compare(text, start, word) === 1
