/**
 * The body of the request under way: where it ends, and the part of it that is kept so that the request can wait or be sent
 * once more. Never changes a byte.
 */
import { ChunkedScanner } from "@evenkeel/http1/ChunkedScanner"
import { BodyFraming } from "@evenkeel/http1/Framing"

export class RequestBody {
  /** Kept bytes in order, all from the first on, unless `lost`. */
  readonly pieces: Array<Buffer> = []
  keptBytes = 0
  /** Bytes received so far, chunk framing included. */
  received = 0
  /** Bytes have been let go: the request can no longer be sent from its beginning. */
  lost = false
  /** Whether the last byte has arrived. */
  complete = true
  private framing: BodyFraming = BodyFraming.none
  private remaining = 0
  private scanner: ChunkedScanner | null = null

  /** `hopNames`: what the request's `Connection` names. */
  begin(framing: BodyFraming, contentLength: number, hopNames: ReadonlyArray<string> | null = null): void {
    if (this.pieces.length > 0) this.pieces.length = 0
    this.keptBytes = 0
    this.received = 0
    this.lost = false
    this.framing = framing
    this.complete = framing === BodyFraming.none
    this.remaining = contentLength
    if (framing === BodyFraming.chunked) {
      this.scanner ??= new ChunkedScanner()
      this.scanner.reset(hopNames)
    }
  }

  /** The offset after the last byte of `bytes`, from `start`, that belongs to the body; -1 if it is malformed. */
  advance(bytes: Buffer, start: number): number {
    if (this.complete) return start
    if (this.framing === BodyFraming.length) {
      const take = Math.min(this.remaining, bytes.length - start)
      this.remaining -= take
      this.received += take
      this.complete = this.remaining === 0
      return start + take
    }
    const scanner = this.scanner
    if (scanner === null) return -1
    const end = scanner.scan(bytes, start, bytes.length)
    this.received += Math.max(0, end - start)
    this.complete = scanner.done
    return end
  }

  keep(piece: Buffer): void {
    this.pieces.push(piece)
    this.keptBytes += piece.length
  }

  /** Gives up sending the request once more. */
  letGo(): void {
    if (this.pieces.length > 0) this.pieces.length = 0
    this.keptBytes = 0
    this.lost = true
  }

  get hasBody(): boolean {
    return this.framing !== BodyFraming.none
  }

  /** Whether the whole body is known to be no longer than `bytes`. */
  isAtMost(bytes: number): boolean {
    return (
      this.framing === BodyFraming.none ||
      (this.framing === BodyFraming.length && this.remaining + this.keptBytes <= bytes)
    )
  }
}
