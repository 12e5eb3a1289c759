/** Reads a whole byte sequence as messages, in one piece or in many, and says what was understood. */
import { ChunkedScanner } from "../../src/ChunkedScanner.ts"
import { BodyFraming } from "../../src/Framing.ts"
import { incomplete, rejected, RequestHead } from "../../src/RequestHead.ts"
import { ResponseHead } from "../../src/ResponseHead.ts"

export interface Understood {
  /** Per whole message its first line and its body's bytes, framing included. */
  readonly messages: ReadonlyArray<string>
  /** Status and reason of what ended it, or `open` when more was expected, or `clean`. */
  readonly end: string
}

/** What a reader does with bytes that come in pieces of any size. */
export const understand = (kind: "request" | "response", pieces: ReadonlyArray<Buffer>): Understood => {
  const request = new RequestHead()
  const response = new ResponseHead()
  const head = kind === "request" ? request : response
  const chunks = new ChunkedScanner()
  const messages: Array<string> = []
  let pending: Buffer = Buffer.alloc(0)
  let open: { line: string; body: string; framing: BodyFraming; left: number } | null = null
  const finish = () => {
    if (open !== null) messages.push(`${open.line} | ${open.body}`)
    open = null
  }
  for (const piece of pieces) {
    pending = Buffer.concat([pending, piece])
    for (;;) {
      if (open === null) {
        const next = kind === "request" ? request.parse(pending, 0) : response.parse(pending, 0, false)
        if (next === incomplete) break
        if (next === rejected) return { messages, end: `${head.rejection?.status} ${head.rejection?.reason}` }
        pending = pending.subarray(next)
        const line = kind === "request" ? `${request.method} ${request.path} ${request.host}` : response.statusText
        open = { line, body: "", framing: head.framing, left: head.contentLength }
        chunks.reset()
        if (open.framing === BodyFraming.none) finish()
        continue
      }
      if (open.framing === BodyFraming.tunnel) break
      if (open.framing === BodyFraming.chunked) {
        const end = chunks.scan(pending, 0, pending.length)
        if (end === -1) return { messages, end: `${chunks.rejection?.status} ${chunks.rejection?.reason}` }
        open.body += pending.toString("latin1", 0, end)
        pending = pending.subarray(end)
        if (!chunks.done) break
      } else {
        const take = open.framing === BodyFraming.untilClose ? pending.length : Math.min(open.left, pending.length)
        open.body += pending.toString("latin1", 0, take)
        open.left -= take
        pending = pending.subarray(take)
        if (open.framing === BodyFraming.untilClose || open.left > 0) break
      }
      finish()
    }
  }
  return { messages, end: open !== null || pending.length > 0 ? "open" : "clean" }
}

/** `text` as bytes, one per character. */
export const bytes = (text: string): Buffer => Buffer.from(text, "latin1")

/** The rejection of a single request's head, as `400 reason`, or null if it is accepted. */
export const rejectionOf = (text: string): string | null => {
  const head = new RequestHead()
  const result = head.parse(bytes(text), 0)
  if (result === incomplete) return "incomplete"
  return result === rejected ? `${head.rejection?.status} ${head.rejection?.reason}` : null
}

/** The head of a request that must be accepted. */
export const accepted = (text: string): RequestHead => {
  const head = new RequestHead()
  const result = head.parse(bytes(text), 0)
  if (result <= 0) throw new Error(`not accepted: ${JSON.stringify(text)}: ${head.rejection?.message ?? "incomplete"}`)
  return head
}
