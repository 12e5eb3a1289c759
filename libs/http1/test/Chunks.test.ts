import { describe, expect, it } from "vitest"
import { ChunkedScanner } from "../src/ChunkedScanner.ts"
import { bytes } from "./support/Messages.ts"

const scan = (text: string) => {
  const scanner = new ChunkedScanner()
  let payload = ""
  scanner.sink = (from, start, end) => (payload += from.toString("latin1", start, end))
  const end = scanner.scan(bytes(text), 0, text.length)
  return { end, done: scanner.done, payload, reason: scanner.rejection?.reason }
}

describe("a chunked body", () => {
  it.each([
    ["0\r\n\r\n", ""],
    ["5\r\nhello\r\n0\r\n\r\n", "hello"],
    ["5\r\nhello\r\n000\r\n\r\n", "hello"],
    ["A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"],
    ["2\r\n\r\n\r\n0\r\n\r\n", "\r\n"],
    ['1;a\r\nx\r\n0;b=c;d="e \\" f"\r\n\r\n', "x"],
    ["1\r\nx\r\n0\r\nA: b\r\nc:\r\n\r\n", "x"]
  ])("%j", (text, payload) =>
    expect(scan(`${text}GET / HTTP/1.1`)).toEqual({ end: text.length, done: true, payload, reason: undefined })
  )

  it.each([
    ["", undefined],
    ["5\r\nhel", undefined],
    ["0\r\n", undefined]
  ])("%j is not at its end", (text) =>
    expect(scan(text)).toMatchObject({ end: text.length, done: false, reason: undefined })
  )

  it.each([
    ["\r\n", "chunk-size"],
    ["g\r\n", "chunk-size"],
    ["0x5\r\n", "chunk-size"],
    ["-1\r\n", "chunk-size"],
    [" 5\r\n", "chunk-size"],
    ["5 \r\n", "chunk-size"],
    ["20000000000000\r\n", "chunk-size"],
    ["ffffffffffffffff\r\n", "chunk-size"],
    ["00000000000000005\r\n", "chunk-size"],
    ["5\nhello", "bare-cr-or-lf"],
    ["5\rhello", "bare-cr-or-lf"],
    ["5\r\nhello0\r\n", "chunk-end"],
    ["5\r\nhello\n0\r\n", "chunk-end"],
    ["5\r\nhello\rx", "chunk-end"],
    ["5;\r\n", "chunk-extension"],
    ["5;a=\r\n", "chunk-extension"],
    ["5; a\r\n", "chunk-extension"],
    ["5;a=b c\r\n", "chunk-extension"],
    ['5;a="b\nc"\r\n', "chunk-extension"],
    ["5;a\n", "bare-cr-or-lf"],
    [`5;${"a".repeat(5_000)}\r\n`, "chunk-extension"],
    ["0\r\nX : 1\r\n\r\n", "trailer"],
    ["0\r\n: 1\r\n\r\n", "trailer"],
    ["0\r\n folded\r\n\r\n", "trailer"],
    ["0\r\nX: a\nb\r\n\r\n", "bare-cr-or-lf"],
    ["0\r\nX: a\x00\r\n\r\n", "trailer"],
    ["0\r\nContent-Length: 5\r\n\r\n", "trailer"],
    ["0\r\ntransfer-encoding: chunked\r\n\r\n", "trailer"],
    ["0\r\nTransfer_Encoding: chunked\r\n\r\n", "trailer"],
    ["0\r\nHost: x\r\n\r\n", "trailer"],
    ["0\r\nAuthorization: x\r\n\r\n", "trailer"],
    ["0\r\nX-Forwarded-For: x\r\n\r\n", "trailer"],
    [`0\r\nX: ${"a".repeat(9_000)}\r\n\r\n`, "trailer"]
  ])("%j is refused", (text, reason) => expect(scan(text)).toMatchObject({ end: -1, done: false, reason }))

  it("limits all its extensions together", () => {
    const chunk = `1;${"a".repeat(500)}\r\nx\r\n`
    expect(scan(chunk.repeat(8)).reason).toBe(undefined)
    expect(scan(chunk.repeat(9)).reason).toBe("chunk-extension")
  })

  it("once refused stays refused", () => {
    const scanner = new ChunkedScanner()
    expect(scanner.scan(bytes("x"), 0, 1)).toBe(-1)
    expect(scanner.scan(bytes("0\r\n\r\n"), 0, 5)).toBe(-1)
    scanner.reset()
    expect(scanner.scan(bytes("0\r\n\r\n"), 0, 5)).toBe(5)
  })
})

describe("fields of one hop", () => {
  it("are refused as trailers of the message that names them, and of no other", () => {
    const body = Buffer.from("0\r\nX-Hop: 1\r\n\r\n")
    const scanner = new ChunkedScanner()
    scanner.reset(["x-hop"])
    expect(scanner.scan(body, 0, body.length)).toBe(-1)
    scanner.reset()
    expect(scanner.scan(body, 0, body.length)).toBe(body.length)
  })
})
