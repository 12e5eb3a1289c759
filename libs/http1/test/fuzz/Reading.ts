/** What a parser made of some bytes, in a form that can be compared, and how this library reads them. */
import { ChunkedScanner } from "../../src/ChunkedScanner.ts"
import { BodyFraming } from "../../src/Framing.ts"
import { incomplete, rejected, RequestHead } from "../../src/RequestHead.ts"
import { ResponseHead } from "../../src/ResponseHead.ts"

export interface Reading {
  /** First line's parts and the body's payload of every whole message. */
  readonly messages: ReadonlyArray<string>
  /** `clean`: nothing is left; `open`: more was expected; `refused`; `closed`: the last message ends the connection. */
  readonly end: "clean" | "open" | "refused" | "closed"
}

/** Follows one connection; bytes come in any pieces. */
class Reader {
  readonly messages: Array<string> = []
  private readonly isRequest: boolean
  private readonly request = new RequestHead()
  private readonly response = new ResponseHead()
  private readonly chunks = new ChunkedScanner()
  private pending: Buffer = Buffer.alloc(0)
  private line: string | null = null
  private payload = ""
  private framing: BodyFraming = BodyFraming.none
  private left = 0
  private keepAlive = true
  private awaitsFinal = false
  private end: Reading["end"] | null = null

  constructor(isRequest: boolean) {
    this.isRequest = isRequest
  }

  add(piece: Buffer): void {
    this.pending = Buffer.concat([this.pending, piece])
    while (this.end === null && this.pending.length > 0 && (this.line === null ? this.readHead() : this.readBody()));
  }

  finish(): Reading {
    if (this.end === null && this.line !== null && this.framing === BodyFraming.untilClose) this.complete()
    const open = this.line !== null || this.pending.length > 0 || this.awaitsFinal
    return { messages: this.messages, end: this.end ?? (open ? "open" : "clean") }
  }

  private readHead(): boolean {
    const head = this.isRequest ? this.request : this.response
    const next = this.isRequest ? this.request.parse(this.pending, 0) : this.response.parse(this.pending, 0, false)
    if (next === incomplete) return false
    if (next === rejected) {
      this.end = "refused"
      return false
    }
    this.pending = this.pending.subarray(next)
    this.line = this.isRequest ? `${this.request.method} ${this.request.target}` : String(this.response.status)
    this.payload = ""
    this.framing = head.framing
    this.left = head.contentLength
    this.keepAlive = head.keepAlive
    this.chunks.reset()
    this.chunks.sink = (bytes, from, to) => (this.payload += bytes.toString("latin1", from, to))
    if (this.framing === BodyFraming.tunnel) this.end = "closed"
    else if (this.framing === BodyFraming.none) this.complete()
    return true
  }

  private readBody(): boolean {
    if (this.framing === BodyFraming.chunked) {
      const end = this.chunks.scan(this.pending, 0, this.pending.length)
      if (end === -1) {
        this.end = "refused"
        return false
      }
      this.pending = this.pending.subarray(end)
      if (this.chunks.done) this.complete()
      return this.chunks.done
    }
    const take =
      this.framing === BodyFraming.untilClose ? this.pending.length : Math.min(this.left, this.pending.length)
    this.payload += this.pending.toString("latin1", 0, take)
    this.left -= take
    this.pending = this.pending.subarray(take)
    const done = this.framing === BodyFraming.length && this.left === 0
    if (done) this.complete()
    return done
  }

  private complete(): void {
    this.messages.push(`${this.line} ${JSON.stringify(this.payload)}`)
    this.line = null
    const interim = !this.isRequest && this.response.status < 200
    this.awaitsFinal = interim
    if (!this.keepAlive && !interim) this.end = "closed"
  }
}

/** How this library reads `pieces`, the last of which ends the connection. */
export const read = (kind: "request" | "response", pieces: ReadonlyArray<Buffer>): Reading => {
  const reader = new Reader(kind === "request")
  for (const piece of pieces) reader.add(piece)
  return reader.finish()
}
