/** Requests in whose bodies another request is hidden, framed in the ways by which proxies and servers have disagreed. */
import { randomOf } from "./Seeds.ts"

export interface Case {
  readonly seed: number
  readonly bytes: Buffer
}

/** What must never be taken for a request. */
export const hidden = "GET /hidden HTTP/1.1\r\nHost: web\r\n\r\n"

const lengthLines = [
  "Content-Length: N",
  "Content-Length:N",
  "content-length: N",
  "Content-Length: +N",
  "Content-Length: N ",
  "Content-Length : N",
  "Content-Length: N, N",
  "Content-Length: 0N",
  "Content_Length: N",
  "Content-Length: 0",
  "Content-Length: N\r\nContent-Length: 0",
  "Connection: Content-Length\r\nContent-Length: N"
]
const codingLines = [
  "Transfer-Encoding: chunked",
  "Transfer-Encoding:chunked",
  "transfer-encoding: Chunked",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding: chunked\t",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding:\x0bchunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  "Transfer_Encoding: chunked",
  "Transfer-Encoding:\r\n chunked",
  "X: y\nTransfer-Encoding: chunked",
  "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked",
  'Transfer-Encoding: "chunked"',
  "\0Transfer-Encoding: chunked"
]
const sizeTails = ["", "", "", ";a", ';a="b"', " ", "\t", ";a\n", ";", "\0", ';a="\r\n']
const methods = ["POST", "POST", "GET", "PUT", "DELETE", "OPTIONS"]

/** One to three requests on one connection. The same seed makes the same bytes. */
export const smuggling = (seed: number): Case => {
  const below = randomOf(seed)
  const pick = (from: ReadonlyArray<string>): string => from[below(from.length)] ?? ""
  let text = ""
  const count = 1 + below(3)
  for (let i = 0; i < count; i++) {
    const body = below(3) === 0 ? "" : below(2) === 0 ? hidden : `0\r\n\r\n${hidden}`
    const size = body.length.toString(16)
    const chunked =
      body === ""
        ? `0${pick(sizeTails)}\r\n\r\n`
        : `${below(8) === 0 ? `0${size}` : size}${pick(sizeTails)}\r\n${body}\r\n0\r\n\r\n`
    const lines: Array<string> = []
    const framing = below(10)
    // Mostly one framing as it should be, so that connections go on and the hidden request stands where it could be read.
    if (framing < 4) lines.push(`Content-Length: ${body.length}`)
    else if (framing < 7) lines.push("Transfer-Encoding: chunked")
    else if (framing === 7) lines.push(pick(lengthLines).replaceAll("N", String(body.length)))
    else if (framing === 8) lines.push(pick(codingLines))
    else lines.push(pick(lengthLines).replaceAll("N", String(chunked.length)), pick(codingLines))
    if (below(4) === 0) lines.reverse()
    const againstCoding = framing === 9 && below(2) !== 0
    // A length that is none leaves the coding to frame the body: then it must be chunked, or it ends where the hidden one begins.
    const isLengthNone = lines.some((line) => line.startsWith("Content_Length"))
    const isChunked = framing >= 4 && framing !== 7 && (!againstCoding || isLengthNone)
    const version = below(12) === 0 ? "HTTP/1.0" : "HTTP/1.1"
    // Where nothing says that there is a body, what follows is a request, and hidden from nobody.
    const framed = lines.some((line) => !/_|: 0$/.test(line))
    text += `${pick(methods)} /seen?${seed}.${i} ${version}\r\nHost: web\r\n${lines.join("\r\n")}\r\n\r\n${isChunked ? chunked : framed ? body : ""}`
  }
  return { seed, bytes: Buffer.from(text, "latin1") }
}
