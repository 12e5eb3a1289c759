/**
 * A response's head, read strictly and in one pass. What RFC 9112 lets a recipient repair (folded lines, whitespace before a
 * colon, two framings) is refused here too: the answer is then 502, and the upstream's connection is not used again.
 */
import { ConnectionOptions } from "./ConnectionOptions.ts"
import { FieldKind } from "./FieldKind.ts"
import { FieldLines, malformed, ranOut } from "./FieldLines.ts"
import { BodyFraming, checkTransferEncoding, parseContentLength } from "./Framing.ts"
import { defaultHeadLimits, type HeadLimits, isPartOnly, whyUnread } from "./HeadLimits.ts"
import { CR, fieldValueOctets, LF, SP } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"
import { incomplete, rejected } from "./RequestHead.ts"

const protocol = Buffer.from("HTTP/1.", "latin1")

export class ResponseHead {
  readonly limits: HeadLimits
  readonly fields: FieldLines
  readonly connection = new ConnectionOptions()

  minorVersion = 1
  status = 0
  /** Whether the space before the reason is there; where the reason is empty it is often left out. */
  hasReasonSpace = true
  framing: BodyFraming = BodyFraming.none
  contentLength = 0
  /** Whether the connection may carry another request once the body has ended. */
  keepAlive = true
  /** Seconds of `Keep-Alive: timeout=N`, or -1. */
  keepAliveSeconds = -1
  hasDate = false
  upgrade = ""
  rejection: Rejection | null = null
  private lineLength = 0

  constructor(limits: HeadLimits = defaultHeadLimits) {
    this.limits = limits
    this.fields = new FieldLines(limits.maxFields)
  }

  /**
   * Reads the head that begins at `start`. `toHead`: whether the request was HEAD, whose responses have no body. Returns the
   * offset of the first byte after the head, `incomplete`, or `rejected`. Bytes from `end` on are not looked at.
   */
  parse(bytes: Buffer, start: number, toHead: boolean, end: number = bytes.length): number {
    this.rejection = null
    if (start >= end) return incomplete
    if (bytes[start] !== 72) return this.reject(rejections.statusLine)
    const next = isPartOnly(bytes, start, end) ? ranOut : this.readLines(bytes, start, end)
    // Where the lines of a head that has ended run out, its first one is too short.
    let problem = this.rejection ?? rejections.statusLine
    if (next > 0 && next - start <= this.limits.maxHeadBytes) {
      const wrong = this.readFields(bytes, start, toHead)
      if (wrong === null) return next
      problem = wrong
    }
    this.rejection = whyUnread(bytes, start, end, this.limits, problem)
    return this.rejection === null ? incomplete : rejected
  }

  private reject(rejection: Rejection): typeof rejected {
    this.rejection = rejection
    return rejected
  }

  /** The status line and the field lines of the head at `start`: the offset after the empty line, `ranOut`, or `malformed`. */
  private readLines(bytes: Buffer, start: number, end: number): number {
    if (start + 14 > end) return ranOut
    for (let i = 0; i < protocol.length; i++)
      if (bytes[start + i] !== protocol[i]) return this.refuse(rejections.statusLine)
    const minor = (bytes[start + 7] ?? 0) - 48
    if ((minor !== 0 && minor !== 1) || bytes[start + 8] !== SP) return this.refuse(rejections.statusLine)
    let status = 0
    for (let i = start + 9; i < start + 12; i++) {
      const digit = (bytes[i] ?? 0) - 48
      if (!(digit >= 0 && digit <= 9)) return this.refuse(rejections.statusLine)
      status = status * 10 + digit
    }
    if (status < 100 || status > 599) return this.refuse(rejections.statusLine)
    let i = start + 12
    this.hasReasonSpace = bytes[i] === SP
    if (this.hasReasonSpace) while (i < end && fieldValueOctets[bytes[i] ?? 0] === 1) i++
    if (i + 1 >= end) return ranOut
    if (bytes[i] !== CR || bytes[i + 1] !== LF) return this.refuse(rejections.statusLine)
    this.minorVersion = minor
    this.status = status
    this.lineLength = i - start
    const next = this.fields.scan(bytes, start, i + 2, end)
    if (next === malformed) this.rejection = this.fields.problem
    return next
  }

  private refuse(problem: Rejection): typeof malformed {
    this.rejection = problem
    return malformed
  }

  /** From the first digit of the status to the end of the line, as received: `200 OK`. A space left out is put in. */
  get statusText(): string {
    return this.fields.textBetween(9, this.lineLength) + (this.hasReasonSpace ? "" : " ")
  }

  private readFields(bytes: Buffer, base: number, toHead: boolean): Rejection | null {
    const { fields, connection, status } = this
    connection.reset()
    this.keepAliveSeconds = -1
    this.hasDate = false
    this.upgrade = ""
    let length = -1
    let chunked = false
    for (let i = 0; i < fields.count; i++) {
      const kind = fields.kind[i]
      if (kind === FieldKind.other) continue
      const start = base + (fields.valueStart[i] ?? 0)
      const end = base + (fields.valueEnd[i] ?? 0)
      switch (kind) {
        case FieldKind.connection:
          connection.add(bytes, start, end)
          break
        case FieldKind.contentLength:
          if (length !== -1) return rejections.contentLengthRepeated
          length = parseContentLength(bytes, start, end)
          if (length === -1) return rejections.contentLength
          break
        case FieldKind.transferEncoding: {
          if (chunked) return rejections.transferEncoding
          const problem = checkTransferEncoding(bytes, start, end)
          if (problem !== null) return problem
          chunked = true
          break
        }
        case FieldKind.keepAlive: {
          const match = /(?:^|[,; \t])timeout=(\d{1,6})(?:$|[,; \t])/i.exec(fields.value(i))
          if (match !== null) this.keepAliveSeconds = Number(match[1])
          break
        }
        case FieldKind.upgrade:
          this.upgrade = fields.value(i).toLowerCase()
          break
        case FieldKind.date:
          this.hasDate = true
          break
      }
    }
    if (chunked && length !== -1) return rejections.bothFramings
    if (chunked && this.minorVersion === 0) return rejections.transferEncodingOld
    this.contentLength = length === -1 ? 0 : length
    this.keepAlive = this.minorVersion === 1 ? !connection.close : connection.keepAlive && !connection.close
    if (status === 101) this.framing = BodyFraming.tunnel
    else if (toHead || status < 200 || status === 204 || status === 304) this.framing = BodyFraming.none
    else if (chunked) this.framing = BodyFraming.chunked
    else if (length !== -1) this.framing = length === 0 ? BodyFraming.none : BodyFraming.length
    else {
      this.framing = BodyFraming.untilClose
      this.keepAlive = false
    }
    return null
  }
}
