/**
 * A response's head, read strictly and in one pass. What RFC 9112 lets a recipient repair (folded lines, whitespace before a
 * colon, two framings) is refused here too: the answer is then 502, and the upstream's connection is not used again.
 */
import { ConnectionOptions } from "./ConnectionOptions.ts"
import { FieldKind } from "./FieldKind.ts"
import { FieldLines } from "./FieldLines.ts"
import { BodyFraming, checkTransferEncoding, parseContentLength } from "./Framing.ts"
import { checkHeadExtent, defaultHeadLimits, type HeadLimits } from "./HeadLimits.ts"
import { fieldValueOctets, SP } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"
import { incomplete, rejected } from "./RequestHead.ts"

export class ResponseHead {
  readonly limits: HeadLimits
  readonly fields: FieldLines
  readonly connection = new ConnectionOptions()

  minorVersion = 1
  status = 0
  /** From the first digit of the status to the end of the line, as received: `200 OK`. */
  statusText = ""
  framing: BodyFraming = BodyFraming.none
  contentLength = 0
  /** Whether the connection may carry another request once the body has ended. */
  keepAlive = true
  /** Seconds of `Keep-Alive: timeout=N`, or -1. */
  keepAliveSeconds = -1
  hasDate = false
  upgrade = ""
  rejection: Rejection | null = null

  constructor(limits: HeadLimits = defaultHeadLimits) {
    this.limits = limits
    this.fields = new FieldLines(limits.maxFields)
  }

  /**
   * Reads the head that begins at `start`. `toHead`: whether the request was HEAD, whose responses have no body. Returns the
   * offset of the first byte after the head, `incomplete`, or `rejected`.
   */
  parse(bytes: Buffer, start: number, toHead: boolean): number {
    this.rejection = null
    if (start >= bytes.length) return incomplete
    if (bytes[start] !== 72) return this.reject(rejections.statusLine)
    const blank = bytes.indexOf("\r\n\r\n", start)
    const headEnd = blank === -1 ? -1 : blank + 4
    if (headEnd === -1 || headEnd - start > this.limits.maxHeadBytes) {
      const problem = checkHeadExtent(bytes, start, headEnd === -1 ? bytes.length : headEnd, this.limits)
      return problem === null ? incomplete : this.reject(problem)
    }
    const problem = this.read(bytes.toString("latin1", start, headEnd - 2), toHead)
    if (problem === null) return headEnd
    return this.reject(checkHeadExtent(bytes, start, headEnd, this.limits) ?? problem)
  }

  private reject(rejection: Rejection): typeof rejected {
    this.rejection = rejection
    return rejected
  }

  private read(text: string, toHead: boolean): Rejection | null {
    const minor = text.charCodeAt(7) - 48
    if (!text.startsWith("HTTP/1.") || (minor !== 0 && minor !== 1) || text.charCodeAt(8) !== SP)
      return rejections.statusLine
    let status = 0
    for (let i = 9; i < 12; i++) {
      const digit = text.charCodeAt(i) - 48
      if (!(digit >= 0 && digit <= 9)) return rejections.statusLine
      status = status * 10 + digit
    }
    if (status < 100 || status > 599) return rejections.statusLine
    // The space before an empty reason is often left out; the line is then repaired by adding it.
    let i = 12
    if (text.charCodeAt(12) === SP) while (fieldValueOctets[text.charCodeAt(i)] === 1) i++
    if (!text.startsWith("\r\n", i)) return rejections.statusLine
    this.minorVersion = minor
    this.status = status
    this.statusText = i === 12 ? `${text.slice(9, 12)} ` : text.slice(9, i)
    return this.fields.scan(text, i + 2) ?? this.readFields(text, toHead)
  }

  private readFields(text: string, toHead: boolean): Rejection | null {
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
      const start = fields.valueStart[i] ?? 0
      const end = fields.valueEnd[i] ?? 0
      switch (kind) {
        case FieldKind.connection:
          connection.add(text, start, end)
          break
        case FieldKind.contentLength:
          if (length !== -1) return rejections.contentLengthRepeated
          length = parseContentLength(text, start, end)
          if (length === -1) return rejections.contentLength
          break
        case FieldKind.transferEncoding: {
          if (chunked) return rejections.transferEncoding
          const problem = checkTransferEncoding(text, start, end)
          if (problem !== null) return problem
          chunked = true
          break
        }
        case FieldKind.keepAlive: {
          const match = /(?:^|[,; \t])timeout=(\d{1,6})(?:$|[,; \t])/i.exec(text.slice(start, end))
          if (match !== null) this.keepAliveSeconds = Number(match[1])
          break
        }
        case FieldKind.upgrade:
          this.upgrade = text.slice(start, end).toLowerCase()
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
