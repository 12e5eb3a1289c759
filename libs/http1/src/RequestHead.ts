/**
 * A request's head, read strictly and in one pass (RFC 9112 §2 to §6). One object serves a whole connection, or many: it
 * holds the last head parsed. It decides what the head means for framing, routing and persistence; it does not answer,
 * rewrite or buffer anything.
 */
import { isAuthority } from "./Authority.ts"
import { ConnectionOptions } from "./ConnectionOptions.ts"
import { equalsIgnoringCase, FieldKind } from "./FieldKind.ts"
import { FieldLines, malformed, ranOut } from "./FieldLines.ts"
import { BodyFraming, checkTransferEncoding, parseContentLength } from "./Framing.ts"
import { defaultHeadLimits, type HeadLimits, isPartOnly, whyUnread } from "./HeadLimits.ts"
import { CR, LF, SP, targetOctets, tokenOctets } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"

/** `parse` found no whole head yet: call again with more bytes. */
export const incomplete = 0
/** `parse` refuses the head: `rejection` says why. */
export const rejected = -1

const frequentMethods = ["GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS"]
const protocol = Buffer.from("HTTP/", "latin1")

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
    const next = isPartOnly(bytes, at, end) ? ranOut : this.readLines(bytes, at, end)
    // Where the lines of a head that has ended run out, its first one is too short.
    let problem = this.rejection ?? rejections.requestLine
    if (next > 0 && next - at <= this.limits.maxHeadBytes) {
      const wrong = this.readFields(bytes, at) ?? this.readTarget()
      if (wrong === null) return next
      problem = wrong
    }
    this.rejection = whyUnread(bytes, at, end, this.limits, problem)
    return this.rejection === null ? incomplete : rejected
  }

  private reject(rejection: Rejection): typeof rejected {
    this.rejection = rejection
    return rejected
  }

  /** The request line and the field lines of the head at `start`: the offset after the empty line, `ranOut`, or `malformed`. */
  private readLines(bytes: Buffer, start: number, end: number): number {
    let i = start
    while (i < end && tokenOctets[bytes[i] ?? 0] === 1) i++
    if (i >= end) return ranOut
    if (bytes[i] !== SP) return this.refuse(rejections.method)
    const methodEnd = i
    const targetStart = ++i
    while (i < end && targetOctets[bytes[i] ?? 0] === 1) i++
    if (i >= end) return ranOut
    if (i === targetStart) return this.refuse(rejections.requestLine)
    if (bytes[i] !== SP) return this.refuse(rejections.target)
    const targetEnd = i++
    if (i + 10 > end) return ranOut
    const problem = this.readVersion(bytes, i)
    if (problem !== null) return this.refuse(problem)
    if (i + 8 - start > this.limits.maxLineBytes) return this.refuse(rejections.targetTooLong)
    const next = this.fields.scan(bytes, start, i + 10, end)
    if (next === malformed) this.rejection = this.fields.problem
    if (next > 0) {
      this.method = this.readMethod(bytes, start, methodEnd - start)
      this.target = this.fields.text.slice(targetStart - start, targetEnd - start)
    }
    return next
  }

  private refuse(problem: Rejection): typeof malformed {
    this.rejection = problem
    return malformed
  }

  /** The most frequent ones without making a new string of each. */
  private readMethod(bytes: Buffer, start: number, length: number): string {
    for (let i = 0; i < frequentMethods.length; i++) {
      const method = frequentMethods[i] ?? ""
      if (method.length !== length || method.charCodeAt(0) !== bytes[start]) continue
      let at = 1
      while (at < length && method.charCodeAt(at) === bytes[start + at]) at++
      if (at === length) return method
    }
    return this.fields.text.slice(0, length)
  }

  /** `HTTP/1.x` and its CR LF at `at`, all of them there. */
  private readVersion(bytes: Buffer, at: number): Rejection | null {
    for (let i = 0; i < protocol.length; i++) if (bytes[at + i] !== protocol[i]) return rejections.requestLine
    const major = (bytes[at + 5] ?? 0) - 48
    const minor = (bytes[at + 7] ?? 0) - 48
    const wellFormed = major >= 0 && major <= 9 && bytes[at + 6] === 46 && minor >= 0 && minor <= 9
    if (!wellFormed || bytes[at + 8] !== CR || bytes[at + 9] !== LF) return rejections.requestLine
    if (major !== 1 || minor > 1) return rejections.version
    this.minorVersion = minor
    return null
  }

  private readFields(bytes: Buffer, base: number): Rejection | null {
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
      const start = base + (fields.valueStart[i] ?? 0)
      const end = base + (fields.valueEnd[i] ?? 0)
      switch (kind) {
        case FieldKind.host:
          if (host !== null) return rejections.hostRepeated
          host = fields.value(i)
          break
        case FieldKind.connection:
          connection.add(bytes, start, end)
          break
        case FieldKind.contentLength: {
          if (length !== -1) return rejections.contentLengthRepeated
          length = parseContentLength(bytes, start, end)
          if (length === -1) return rejections.contentLength
          break
        }
        case FieldKind.transferEncoding: {
          if (chunked) return rejections.transferEncoding
          const problem = checkTransferEncoding(bytes, start, end)
          if (problem !== null) return problem
          chunked = true
          break
        }
        case FieldKind.upgrade:
          upgrade = upgrade === "" ? fields.value(i).toLowerCase() : `${upgrade}, ${fields.value(i)}`
          break
        case FieldKind.expect:
          if (!equalsIgnoringCase(bytes, start, end, "100-continue")) return rejections.expectation
          this.expectContinue = true
          break
        case FieldKind.te:
          if (/(?:^|,)[ \t]*trailers[ \t]*(?:$|,)/i.test(fields.value(i))) this.acceptsTrailers = true
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
