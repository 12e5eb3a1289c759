/** The body of the response under way: where it ends. Never changes a byte. Reused from response to response. */
import { ChunkedScanner } from "@evenkeel/http1/ChunkedScanner"
import { BodyFraming } from "@evenkeel/http1/Framing"
import type { ResponseHead } from "@evenkeel/http1/ResponseHead"

export class ResponseBody {
  framing: BodyFraming = BodyFraming.none
  private remaining = 0
  private scanner: ChunkedScanner | null = null

  begin(head: ResponseHead): void {
    this.framing = head.framing
    this.remaining = head.contentLength
    if (this.framing !== BodyFraming.chunked) return
    this.scanner ??= new ChunkedScanner()
    this.scanner.reset(head.connection.names)
  }

  /** Has the payload of chunks handed to `sink` instead of their bytes being passed on. */
  unwrap(sink: (bytes: Buffer, start: number, end: number) => void): void {
    if (this.scanner !== null) this.scanner.sink = sink
  }

  get isUnwrapped(): boolean {
    return this.framing === BodyFraming.chunked && this.scanner !== null && this.scanner.sink !== null
  }

  /** The offset after the last byte of the body in `bytes` from `at` to `end`; -1 if the chunks are malformed. */
  advance(bytes: Buffer, at: number, end: number): number {
    switch (this.framing) {
      case BodyFraming.none:
        return at
      case BodyFraming.length: {
        const take = Math.min(this.remaining, end - at)
        this.remaining -= take
        return at + take
      }
      case BodyFraming.chunked:
        return this.scanner?.scan(bytes, at, end) ?? -1
      default:
        return end
    }
  }

  get isDone(): boolean {
    switch (this.framing) {
      case BodyFraming.none:
        return true
      case BodyFraming.length:
        return this.remaining === 0
      case BodyFraming.chunked:
        return this.scanner?.done === true
      default:
        return false
    }
  }

  /** What is wrong with the chunks. */
  get problem(): string {
    return this.scanner?.rejection?.message ?? ""
  }
}
