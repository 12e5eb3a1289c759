/**
 * Follows a chunked body (RFC 9112 §7.1) through buffers split anywhere and says where it ends, so that its bytes can be
 * passed on as they came. Strict: hexadecimal sizes within bounds, CR LF everywhere, well-formed extensions and trailers,
 * both limited, no trailer that would change framing, routing or authority. Keeps no body bytes.
 */
import { CR, fieldValueOctets, hexValues, LF, quotedTextOctets, tokenOctets } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"

const State = {
  sizeStart: 0,
  size: 1,
  extensionName: 2,
  extensionValueStart: 3,
  extensionToken: 4,
  extensionQuoted: 5,
  extensionEscape: 6,
  extensionQuotedEnd: 7,
  sizeLf: 8,
  data: 9,
  dataCr: 10,
  dataLf: 11,
  lineStart: 12,
  trailerName: 13,
  trailerValue: 14,
  trailerLf: 15,
  endLf: 16,
  done: 17,
  failed: 18
} as const
type State = (typeof State)[keyof typeof State]

const maxSizeDigits = 16
/** All extensions of one body together: they are nobody's payload, but cost the reader. */
const maxExtensionBytes = 4_096
const maxTrailerBytes = 8_192
const equals = 61
const quote = 34
const semicolon = 59
const backslash = 92
const colon = 58

/** RFC 9110 §6.5.1: fields that a recipient must know before the body, or that only one hop may set. */
const forbiddenTrailers = new Set(
  (
    "age authorization cache-control connection content-encoding content-length content-location content-range content-type " +
    "cookie date expect expires forwarded host if-match if-modified-since if-none-match if-range if-unmodified-since " +
    "keep-alive location max-forwards pragma proxy-authenticate proxy-authorization proxy-connection range retry-after " +
    "set-cookie te trailer transfer-encoding upgrade vary via warning www-authenticate x-real-ip"
  ).split(" ")
)
/** `name`: in lower case. */
const isForbiddenTrailer = (name: string): boolean => {
  const canonical = name.replaceAll("_", "-")
  return forbiddenTrailers.has(canonical) || canonical.startsWith("x-forwarded-")
}

export class ChunkedScanner {
  /** Receives the chunks' payload, piece by piece; for readers that need it without its framing. */
  sink: ((bytes: Buffer, start: number, end: number) => void) | null = null
  rejection: Rejection | null = null
  private state: State = State.sizeStart
  /** Size read so far, then bytes of the chunk still to come. */
  private remaining = 0
  private digits = 0
  private extensionBytes = 0
  private extensionNameBytes = 0
  private trailerBytes = 0
  private trailerName = ""
  private hopNames: ReadonlyArray<string> | null = null

  /**
   * Makes the scanner ready for another body. `hopNames`: what the message's `Connection` names, in lower case; a field of one
   * hop must not be passed on in a trailer either (RFC 9110 §7.6.1), and is refused, since no byte is taken out.
   */
  reset(hopNames: ReadonlyArray<string> | null = null): void {
    this.hopNames = hopNames
    this.sink = null
    this.rejection = null
    this.state = State.sizeStart
    this.remaining = 0
    this.digits = 0
    this.extensionBytes = 0
    this.trailerBytes = 0
    this.trailerName = ""
  }

  get done(): boolean {
    return this.state === State.done
  }

  /**
   * Reads on from `start`. Returns the offset after the last byte that belongs to the body: `end` while it goes on, less
   * when it is `done` before. -1 if the body is malformed: `rejection` says how.
   */
  scan(bytes: Buffer, start: number, end: number): number {
    let i = start
    while (i < end) {
      if (this.state === State.data) {
        const take = Math.min(this.remaining, end - i)
        this.sink?.(bytes, i, i + take)
        this.remaining -= take
        i += take
        if (this.remaining === 0) this.state = State.dataCr
        continue
      }
      if (this.state === State.done) return i
      const problem = this.step(bytes[i] ?? 0)
      if (problem !== null) {
        this.state = State.failed
        this.rejection = problem
        return -1
      }
      i++
    }
    return i
  }

  private step(c: number): Rejection | null {
    switch (this.state) {
      case State.sizeStart:
      case State.size:
        return this.stepSize(c)
      case State.sizeLf:
        if (c !== LF) return rejections.bareLineEnd
        this.state = this.remaining === 0 ? State.lineStart : State.data
        return null
      case State.dataCr:
        this.state = State.dataLf
        return c === CR ? null : rejections.chunkEnd
      case State.dataLf:
        this.state = State.sizeStart
        return c === LF ? null : rejections.chunkEnd
      case State.lineStart:
      case State.trailerName:
      case State.trailerValue:
      case State.trailerLf:
      case State.endLf:
        return this.stepTrailer(c)
      case State.failed:
        return this.rejection
      default:
        return this.stepExtension(c)
    }
  }

  private stepSize(c: number): Rejection | null {
    const value = hexValues[c] ?? -1
    if (value >= 0) {
      if (this.state === State.sizeStart) {
        this.state = State.size
        this.remaining = 0
        this.digits = 0
      }
      this.remaining = this.remaining * 16 + value
      return ++this.digits > maxSizeDigits || this.remaining > Number.MAX_SAFE_INTEGER ? rejections.chunkSize : null
    }
    if (this.state === State.sizeStart) return rejections.chunkSize
    if (c === CR) this.state = State.sizeLf
    else if (c === semicolon) this.beginExtension()
    else return c === LF ? rejections.bareLineEnd : rejections.chunkSize
    return null
  }

  private beginExtension(): void {
    this.state = State.extensionName
    this.extensionNameBytes = 0
  }

  /** `;name`, `;name=token`, `;name="quoted"`; the whitespace that RFC 9112 §7.1.1 calls bad is refused. */
  private stepExtension(c: number): Rejection | null {
    if (++this.extensionBytes > maxExtensionBytes) return rejections.chunkExtension
    switch (this.state) {
      case State.extensionName:
        if (tokenOctets[c] === 1) {
          this.extensionNameBytes++
          return null
        }
        if (this.extensionNameBytes === 0) return rejections.chunkExtension
        if (c === equals) {
          this.state = State.extensionValueStart
          return null
        }
        return this.endExtension(c)
      case State.extensionValueStart:
        if (c === quote) this.state = State.extensionQuoted
        else if (tokenOctets[c] === 1) this.state = State.extensionToken
        else return rejections.chunkExtension
        return null
      case State.extensionToken:
        return tokenOctets[c] === 1 ? null : this.endExtension(c)
      case State.extensionQuoted:
        if (c === quote) this.state = State.extensionQuotedEnd
        else if (c === backslash) this.state = State.extensionEscape
        else if (quotedTextOctets[c] !== 1) return rejections.chunkExtension
        return null
      case State.extensionEscape:
        this.state = State.extensionQuoted
        return fieldValueOctets[c] === 1 ? null : rejections.chunkExtension
      default:
        return this.endExtension(c)
    }
  }

  private endExtension(c: number): Rejection | null {
    if (c === CR) this.state = State.sizeLf
    else if (c === semicolon) this.beginExtension()
    else return c === LF ? rejections.bareLineEnd : rejections.chunkExtension
    return null
  }

  private stepTrailer(c: number): Rejection | null {
    if (++this.trailerBytes > maxTrailerBytes) return rejections.trailer
    switch (this.state) {
      case State.lineStart:
        if (c === CR) {
          this.state = State.endLf
          return null
        }
        this.trailerName = ""
        this.state = State.trailerName
        return this.stepTrailerName(c)
      case State.trailerName:
        return this.stepTrailerName(c)
      case State.trailerValue:
        if (c === CR) this.state = State.trailerLf
        else if (fieldValueOctets[c] !== 1) return c === LF ? rejections.bareLineEnd : rejections.trailer
        return null
      case State.trailerLf:
        this.state = State.lineStart
        return c === LF ? null : rejections.bareLineEnd
      default:
        this.state = State.done
        return c === LF ? null : rejections.bareLineEnd
    }
  }

  private stepTrailerName(c: number): Rejection | null {
    if (tokenOctets[c] === 1) {
      this.trailerName += String.fromCharCode(c)
      return null
    }
    const name = this.trailerName.toLowerCase()
    if (c !== colon || name === "" || isForbiddenTrailer(name)) return rejections.trailer
    if (this.hopNames !== null && this.hopNames.includes(name)) return rejections.trailer
    this.state = State.trailerValue
    return null
  }
}
