/**
 * A request's head, read strictly and in one pass (RFC 9112 §2 to §6). One object serves a whole connection, or many: it
 * holds the last head parsed. It decides what the head means for framing, routing and persistence; it does not answer,
 * rewrite or buffer anything.
 */
import { isAuthority } from "./Authority.ts"
import { ConnectionOptions } from "./ConnectionOptions.ts"
import { equalsIgnoringCase, FieldKind } from "./FieldKind.ts"
import { FieldLines } from "./FieldLines.ts"
import { BodyFraming, checkTransferEncoding, parseContentLength } from "./Framing.ts"
import { checkHeadExtent, defaultHeadLimits, type HeadLimits } from "./HeadLimits.ts"
import { CR, LF, SP, targetOctets, tokenOctets } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"

/** `parse` found no whole head yet: call again with more bytes. */
export const incomplete = 0
/** `parse` refuses the head: `rejection` says why. */
export const rejected = -1

export class RequestHead {
  readonly limits: HeadLimits
  readonly fields: FieldLines
  readonly connection = new ConnectionOptions()

  method = ""
  /** As received. */
  target = ""
  /** What to ask an origin for: `target` itself, or the path and query of an absolute target, or `*`. */
  path = ""
  /** Authority of an absolute target; it takes the place of Host. */
  authority: string | null = null
  /** Value of Host or, if there is one, the authority of the target; empty for HTTP/1.0 without either. */
  host = ""
  /** 0 or 1 of HTTP/1.x. */
  minorVersion = 1
  framing: BodyFraming = BodyFraming.none
  contentLength = 0
  /** Whether the sender lets the connection live on after the response. */
  keepAlive = true
  expectContinue = false
  /** Whether `TE` lists `trailers`. */
  acceptsTrailers = false
  /** The Upgrade field's value, lower case, if `Connection: upgrade` goes with it and HTTP/1.1 is spoken; else empty. */
  upgrade = ""
  rejection: Rejection | null = null

  constructor(limits: HeadLimits = defaultHeadLimits) {
    this.limits = limits
    this.fields = new FieldLines(limits.maxFields)
  }

  /**
   * Reads the head that begins at `start` of `bytes`. Returns the offset of the first byte after it, `incomplete`, or
   * `rejected`. Any split of the bytes gives the same result.
   */
  parse(bytes: Buffer, start: number, end: number = bytes.length): number {
    this.rejection = null
    let at = start
    for (let lines = 0; bytes[at] === CR && at < end; at += 2, lines++) {
      if (at + 1 >= end) return incomplete
      if (bytes[at + 1] !== LF) return this.reject(rejections.bareLineEnd)
      if (lines === this.limits.maxLeadingEmptyLines) return this.reject(rejections.requestLine)
    }
    if (at >= end) return incomplete
    // Speakers of other protocols are told at once instead of being waited for.
    if (tokenOctets[bytes[at] ?? 0] !== 1) return this.reject(rejections.requestLine)
    const blank = bytes.indexOf("\r\n\r\n", at)
    const headEnd = blank === -1 || blank + 4 > end ? -1 : blank + 4
    if (headEnd === -1 || headEnd - at > this.limits.maxHeadBytes) {
      const problem = checkHeadExtent(bytes, at, headEnd === -1 ? end : headEnd, this.limits)
      return problem === null ? incomplete : this.reject(problem)
    }
    const problem = this.read(bytes.toString("latin1", at, headEnd - 2))
    if (problem === null) return headEnd
    // A head with a lone LF is refused for that, whatever else is wrong with it: split, it is refused before it is read.
    return this.reject(checkHeadExtent(bytes, at, headEnd, this.limits) ?? problem)
  }

  private reject(rejection: Rejection): typeof rejected {
    this.rejection = rejection
    return rejected
  }

  private read(text: string): Rejection | null {
    let i = 0
    while (tokenOctets[text.charCodeAt(i)] === 1) i++
    if (text.charCodeAt(i) !== SP) return rejections.method
    this.method = text.slice(0, i)
    const targetStart = ++i
    while (targetOctets[text.charCodeAt(i)] === 1) i++
    if (i === targetStart || text.charCodeAt(i) !== SP)
      return i === targetStart ? rejections.requestLine : rejections.target
    this.target = text.slice(targetStart, i)
    const versionProblem = this.readVersion(text, i + 1)
    if (versionProblem !== null) return versionProblem
    const lineEnd = i + 9
    if (lineEnd > this.limits.maxLineBytes) return rejections.targetTooLong
    return this.fields.scan(text, lineEnd + 2) ?? this.readFields(text) ?? this.readTarget()
  }

  private readVersion(text: string, at: number): Rejection | null {
    if (!text.startsWith("HTTP/", at)) return rejections.requestLine
    const major = text.charCodeAt(at + 5) - 48
    const minor = text.charCodeAt(at + 7) - 48
    const wellFormed = major >= 0 && major <= 9 && text.charCodeAt(at + 6) === 46 && minor >= 0 && minor <= 9
    if (!wellFormed || !text.startsWith("\r\n", at + 8)) return rejections.requestLine
    if (major !== 1 || minor > 1) return rejections.version
    this.minorVersion = minor
    return null
  }

  private readFields(text: string): Rejection | null {
    const { fields, connection } = this
    connection.reset()
    this.framing = BodyFraming.none
    this.contentLength = 0
    this.expectContinue = false
    this.acceptsTrailers = false
    this.upgrade = ""
    let host: string | null = null
    let length = -1
    let chunked = false
    let upgrade = ""
    for (let i = 0; i < fields.count; i++) {
      const kind = fields.kind[i]
      if (kind === FieldKind.other) continue
      const start = fields.valueStart[i] ?? 0
      const end = fields.valueEnd[i] ?? 0
      switch (kind) {
        case FieldKind.host:
          if (host !== null) return rejections.hostRepeated
          host = text.slice(start, end)
          break
        case FieldKind.connection:
          connection.add(text, start, end)
          break
        case FieldKind.contentLength: {
          if (length !== -1) return rejections.contentLengthRepeated
          length = parseContentLength(text, start, end)
          if (length === -1) return rejections.contentLength
          break
        }
        case FieldKind.transferEncoding: {
          if (chunked) return rejections.transferEncoding
          const problem = checkTransferEncoding(text, start, end)
          if (problem !== null) return problem
          chunked = true
          break
        }
        case FieldKind.upgrade:
          upgrade = upgrade === "" ? text.slice(start, end).toLowerCase() : `${upgrade}, ${text.slice(start, end)}`
          break
        case FieldKind.expect:
          if (!equalsIgnoringCase(text, start, end, "100-continue")) return rejections.expectation
          this.expectContinue = true
          break
        case FieldKind.te:
          if (/(?:^|,)[ \t]*trailers[ \t]*(?:$|,)/i.test(text.slice(start, end))) this.acceptsTrailers = true
          break
      }
    }
    if (chunked && length !== -1) return rejections.bothFramings
    if (chunked && this.minorVersion === 0) return rejections.transferEncodingOld
    if (chunked) this.framing = BodyFraming.chunked
    else if (length > 0) this.framing = BodyFraming.length
    this.contentLength = length === -1 ? 0 : length
    if (this.minorVersion === 0) this.expectContinue = false
    else if (connection.upgrade) this.upgrade = upgrade
    this.keepAlive = this.minorVersion === 1 ? !connection.close : connection.keepAlive && !connection.close
    if (host === null && this.minorVersion === 1) return rejections.hostMissing
    if (host !== null && !isAuthority(host)) return rejections.hostInvalid
    this.host = host ?? ""
    return null
  }

  /** RFC 9112 §3.2: the four forms of a request target. */
  private readTarget(): Rejection | null {
    const { target } = this
    this.authority = null
    this.path = target
    if (this.method === "CONNECT") return isAuthority(target) ? rejections.connect : rejections.target
    if (target.charCodeAt(0) === 47) return null
    if (target === "*") return this.method === "OPTIONS" ? null : rejections.target
    const scheme = /^https?:\/\//i.exec(target)
    if (scheme === null) return rejections.target
    const from = scheme[0].length
    const rest = target.slice(from).search(/[/?]/)
    const authority = rest === -1 ? target.slice(from) : target.slice(from, from + rest)
    if (!isAuthority(authority)) return rejections.target
    this.authority = authority
    this.host = authority
    const path = rest === -1 ? "" : target.slice(from + rest)
    this.path = path === "" ? (this.method === "OPTIONS" ? "*" : "/") : path.startsWith("?") ? `/${path}` : path
    return null
  }
}
