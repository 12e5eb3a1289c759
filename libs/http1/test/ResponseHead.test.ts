import { describe, expect, it } from "vitest"
import { BodyFraming } from "../src/Framing.ts"
import { ResponseHead } from "../src/ResponseHead.ts"
import { bytes } from "./support/Messages.ts"

const parse = (text: string, toHead = false) => {
  const head = new ResponseHead()
  return { head, result: head.parse(bytes(text), 0, toHead) }
}
const accepted = (text: string, toHead = false) => {
  const { head, result } = parse(text, toHead)
  if (result <= 0) throw new Error(`not accepted: ${JSON.stringify(text)}: ${head.rejection?.message ?? "incomplete"}`)
  return head
}
const reasonFor = (text: string) => parse(text).head.rejection?.reason ?? "none"

describe("a status line", () => {
  it("gives status and reason as they stand", () => {
    expect(accepted("HTTP/1.1 200 Very Fine\xe4\r\n\r\n")).toMatchObject({
      status: 200,
      statusText: "200 Very Fine\xe4"
    })
    expect(accepted("HTTP/1.0 404 \r\n\r\n")).toMatchObject({ status: 404, statusText: "404 ", minorVersion: 0 })
    expect(accepted("HTTP/1.1 500\r\n\r\n").statusText).toBe("500 ")
  })
  it.each([
    "HTTP/2 200 OK",
    "HTTP/1.1 20 OK",
    "HTTP/1.1 2000 OK",
    "HTTP/1.1  200 OK",
    "HTTP/1.1 600 X",
    "http/1.1 200 OK",
    "HTTP/1.1 200 a\x01"
  ])("is refused: %j", (line) => expect(reasonFor(`${line}\r\n\r\n`)).toBe("status-line"))
  it.each(["HTTP/1.1", "HTTP/1.1 20", "H"])("is refused with nothing behind it: %j", (line) =>
    expect(reasonFor(`${line}\r\n\r\n`)).toBe("status-line")
  )
  it("is refused at the first byte that cannot be one", () => expect(reasonFor("h")).toBe("status-line"))
})

describe("where a response's body ends", () => {
  it.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, BodyFraming.length],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, BodyFraming.none],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, BodyFraming.chunked],
    ["HTTP/1.1 200 OK\r\n\r\n", false, BodyFraming.untilClose],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, BodyFraming.none],
    ["HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", false, BodyFraming.none],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, BodyFraming.none],
    ["HTTP/1.1 100 Continue\r\n\r\n", false, BodyFraming.none],
    ["HTTP/1.1 101 Switching\r\n\r\n", false, BodyFraming.tunnel]
  ] as const)("%j to HEAD: %s", (text, toHead, framing) => expect(accepted(text, toHead).framing).toBe(framing))

  it.each([
    ["Content-Length: 5\r\nContent-Length: 5", "content-length"],
    ["Content-Length: 5, 5", "content-length"],
    ["Content-Length: 5\r\nTransfer-Encoding: chunked", "framing"],
    ["Transfer-Encoding: gzip", "transfer-encoding"],
    ["X : 1", "whitespace-before-colon"],
    ["X: 1\r\n 2", "obs-fold"],
    ["X: 1\nY: 2", "bare-cr-or-lf"]
  ])("is not guessed with %j", (lines, reason) => expect(reasonFor(`HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`)).toBe(reason))
})

describe("whether the connection can be used again", () => {
  it.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false],
    ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true],
    ["HTTP/1.1 200 OK\r\n\r\n", false]
  ])("%j", (text, keepAlive) => expect(accepted(text).keepAlive).toBe(keepAlive))

  it("and for how long", () => {
    const seconds = (value: string) => accepted(`HTTP/1.1 204 No\r\nKeep-Alive: ${value}\r\n\r\n`).keepAliveSeconds
    expect([
      seconds("timeout=5, max=3"),
      seconds("max=3, Timeout=72"),
      seconds("max=3"),
      seconds("xtimeout=5")
    ]).toEqual([5, 72, -1, -1])
  })
})
