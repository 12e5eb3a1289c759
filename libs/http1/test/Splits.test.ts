/** However bytes are split on their way, they mean the same. */
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { incomplete, RequestHead } from "../src/RequestHead.ts"
import { ResponseHead } from "../src/ResponseHead.ts"
import { bytes, understand } from "./support/Messages.ts"

const piecesOf = (all: Buffer, cuts: ReadonlyArray<number>): ReadonlyArray<Buffer> => {
  const at = [...new Set([0, ...cuts.map((cut) => cut % (all.length + 1)), all.length])].sort((a, b) => a - b)
  return at.slice(1).map((end, i) => all.subarray(at[i], end))
}

/** Pieces of messages, good and bad, that meet one another in every order. */
const fragment = FastCheck.constantFrom(
  "GET / HTTP/1.1\r\n",
  "POST /x?y HTTP/1.1\r\n",
  "HTTP/1.1 200 OK\r\n",
  "HTTP/1.1 101 Switching\r\n",
  "GET / HTTP/3.0\r\n",
  "GET / \r\n",
  "HTTP/1.1\r\n",
  "Host: h\r\n",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Connection: close\r\n",
  "X: y\r\n",
  " folded\r\n",
  "X : y\r\n",
  "\r\n",
  "\n",
  "\r",
  "hello",
  "5\r\nhello\r\n",
  "5;a=b\r\nhello\r\n",
  "0\r\n\r\n",
  "0\r\nT: 1\r\n\r\n",
  "\x00",
  `X: ${"x".repeat(20_000)}\r\n`
)
const soup = FastCheck.array(fragment, { maxLength: 14 }).map((parts) => parts.join(""))
const requests = FastCheck.array(
  FastCheck.constantFrom(
    "GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;e=f\r\nabc\r\n0\r\nT: u\r\n\r\n",
    "\r\nGET /d HTTP/1.0\r\n\r\n"
  ),
  { minLength: 1, maxLength: 6 }
)
const cuts = FastCheck.array(FastCheck.nat(100_000), { maxLength: 12 })

describe("bytes split anywhere", () => {
  it.each(["request", "response"] as const)("are the same %s, whole or not", (kind) => {
    FastCheck.assert(
      FastCheck.property(soup, cuts, (text, at) => {
        const all = bytes(text)
        expect(understand(kind, piecesOf(all, at))).toEqual(understand(kind, [all]))
      }),
      { numRuns: 1_500 }
    )
  })

  it("are the requests that were sent", () => {
    FastCheck.assert(
      FastCheck.property(requests, cuts, (texts, at) => {
        const { messages, end } = understand("request", piecesOf(bytes(texts.join("")), at))
        expect([messages.length, end]).toEqual([texts.length, "clean"])
      }),
      { numRuns: 500 }
    )
  })

  it("one by one are the same too", () => {
    const text = 'POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;e="f"\r\nabc\r\n0\r\nT: u\r\n\r\n'
    const all = bytes(text.repeat(2))
    expect(
      understand(
        "request",
        [...all].map((byte) => Buffer.from([byte]))
      )
    ).toEqual(understand("request", [all]))
  })
})

describe("bytes behind the end that is given", () => {
  const request = "GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n"
  const response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1\r\n\r\n"

  it("are not looked at, wherever it lies", () => {
    for (let end = 0; end <= request.length; end++) {
      const head = new RequestHead()
      expect(head.parse(Buffer.from(request), 0, end)).toBe(end === request.length ? end : incomplete)
    }
    for (let end = 0; end <= response.length; end++) {
      const head = new ResponseHead()
      expect(head.parse(Buffer.from(response), 0, false, end)).toBe(end === response.length ? end : incomplete)
    }
  })

  it("do not complete a head that fills thousands of bytes", () => {
    const long = Buffer.from(`GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(5_000)}\r\n\r\n`)
    expect(new RequestHead().parse(long, 0, long.length - 1)).toBe(incomplete)
    expect(new RequestHead().parse(long, 0)).toBe(long.length)
  })
})
