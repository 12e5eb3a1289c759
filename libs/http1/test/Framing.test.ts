import { describe, expect, it } from "vitest"
import { BodyFraming } from "../src/Framing.ts"
import { accepted, rejectionOf } from "./support/Messages.ts"

const post = (...lines: ReadonlyArray<string>) =>
  `POST / HTTP/1.1\r\nHost: h\r\n${lines.map((l) => `${l}\r\n`).join("")}\r\n`

describe("where a request's body ends", () => {
  it.each([
    [[], BodyFraming.none, 0],
    [["Content-Length: 0"], BodyFraming.none, 0],
    [["Content-Length: 42"], BodyFraming.length, 42],
    [["content-length:\t9007199254740991 "], BodyFraming.length, Number.MAX_SAFE_INTEGER],
    [["Transfer-Encoding: chunked"], BodyFraming.chunked, 0],
    [["transfer-encoding: CHUNKED"], BodyFraming.chunked, 0]
  ] as const)("with %j", (lines, framing, contentLength) =>
    expect(accepted(post(...lines))).toMatchObject({ framing, contentLength })
  )

  it.each([
    ["Content-Length:"],
    ["Content-Length: -1"],
    ["Content-Length: +1"],
    ["Content-Length: 1.0"],
    ["Content-Length: 0x10"],
    ["Content-Length: 1 2"],
    ["Content-Length: 1e3"],
    ["Content-Length: 42, 42"],
    ["Content-Length: 9007199254740992"],
    ["Content-Length: 99999999999999999999999"],
    ["Content-Length: 5", "Content-Length: 5"],
    ["Content-Length: 5", "Content-Length: 6"],
    ["Content-Length: 0", "content-length: 0"],
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 0"],
    ["Transfer-Encoding:"],
    ["Transfer-Encoding: identity"],
    ["Transfer-Encoding: chunked, gzip"],
    ["Transfer-Encoding: chunked, chunked"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked;a=b"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: chunked,"],
    ["Transfer-Encoding: ,chunked"],
    ["Transfer-Encoding: \x0bchunked"],
    ['Transfer-Encoding: "chunked"']
  ])("is not guessed with %j: 400", (...lines) => expect(rejectionOf(post(...lines))).toMatch(/^400 /))

  it("is unknown behind another coding: 501", () =>
    expect(rejectionOf(post("Transfer-Encoding: gzip, chunked"))).toBe("501 transfer-encoding"))

  it("is not told by chunks in HTTP/1.0: 400", () =>
    expect(rejectionOf(post("Transfer-Encoding: chunked").replace("1.1", "1.0"))).toBe("400 transfer-encoding"))
})
