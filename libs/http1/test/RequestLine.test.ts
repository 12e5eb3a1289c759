import { describe, expect, it } from "vitest"
import { defaultHeadLimits } from "../src/HeadLimits.ts"
import { accepted, rejectionOf } from "./support/Messages.ts"

const withLine = (line: string) => `${line}\r\nHost: h\r\n\r\n`

describe("the request line", () => {
  it("gives method, target and version as they stand", () => {
    const head = accepted(withLine("PROPFIND /a/b?c=d&e HTTP/1.1"))
    expect([head.method, head.target, head.path, head.minorVersion]).toEqual([
      "PROPFIND",
      "/a/b?c=d&e",
      "/a/b?c=d&e",
      1
    ])
    expect(accepted(withLine("get / HTTP/1.0"))).toMatchObject({ method: "get", minorVersion: 0 })
  })

  it.each([
    "GET  / HTTP/1.1",
    "GET / HTTP/1.1 ",
    "GET /  HTTP/1.1",
    "GET\t/ HTTP/1.1",
    " GET / HTTP/1.1",
    "GET /",
    "GET / HTTP/1.1x",
    "GET / http/1.1",
    "GET / HTTP/11",
    "GET / HTTP/1,1",
    "GE(T / HTTP/1.1",
    "GET / a HTTP/1.1",
    "GET /\x00 HTTP/1.1",
    "GET /\x7f HTTP/1.1",
    "GET /\xe4 HTTP/1.1",
    "GET /#f HTTP/1.1",
    "GET a HTTP/1.1",
    "GET * HTTP/1.1",
    "GET ftp://h/ HTTP/1.1",
    "GET http:/// HTTP/1.1",
    "GET http://u@h/ HTTP/1.1",
    "GET http://h:port/ HTTP/1.1"
  ])("is refused with 400: %j", (line) => expect(rejectionOf(withLine(line))).toMatch(/^400 /))

  it.each(["GET", "GET ", "GET / ", "GET / HTTP", "GET / HTTP/1"])("is refused with nothing behind it: %j", (line) =>
    expect(rejectionOf(`${line}\r\n\r\n`)).toMatch(/^400 /)
  )

  it.each(["GET / HTTP/2.0", "GET / HTTP/0.9", "GET / HTTP/1.2", "PRI * HTTP/2.0"])("is refused with 505: %j", (line) =>
    expect(rejectionOf(withLine(line))).toBe("505 version")
  )

  it("is refused with 501 for CONNECT", () =>
    expect(rejectionOf(withLine("CONNECT h:80 HTTP/1.1"))).toBe("501 connect"))

  it("may ask for the server as a whole by OPTIONS *", () => {
    expect(accepted(withLine("OPTIONS * HTTP/1.1")).path).toBe("*")
    expect(accepted(withLine("OPTIONS http://a HTTP/1.1")).path).toBe("*")
  })

  it.each([
    ["http://a.example/x?y", "a.example", "/x?y"],
    ["HTTP://A:8080", "A:8080", "/"],
    ["https://a?q", "a", "/?q"],
    ["http://[::1]:80/", "[::1]:80", "/"]
  ])("with the absolute target %s overrides Host", (target, host, path) =>
    expect(accepted(withLine(`GET ${target} HTTP/1.1`))).toMatchObject({ host, path, authority: host })
  )

  it("may come after a few empty lines, not after many", () => {
    expect(rejectionOf(`\r\n\r\n${withLine("GET / HTTP/1.1")}`)).toBe(null)
    expect(rejectionOf(`${"\r\n".repeat(5)}${withLine("GET / HTTP/1.1")}`)).toMatch(/^400 /)
    expect(rejectionOf(`\n${withLine("GET / HTTP/1.1")}`)).toMatch(/^400 /)
    expect(rejectionOf(`\r${withLine("GET / HTTP/1.1")}`)).toMatch(/^400 /)
  })

  it("may be of 8000 bytes, and of no more than the limit", () => {
    const line = (length: number) => `GET /${"x".repeat(length - 14)} HTTP/1.1`
    expect(rejectionOf(withLine(line(8_000)))).toBe(null)
    expect(rejectionOf(withLine(line(defaultHeadLimits.maxLineBytes)))).toBe(null)
    expect(rejectionOf(withLine(line(defaultHeadLimits.maxLineBytes + 1)))).toBe("414 target-too-long")
    expect(rejectionOf(`GET /${"x".repeat(100_000)}`)).toBe("414 target-too-long")
  })

  it("of another protocol is refused at its first byte", () => {
    expect(rejectionOf("\x16\x03\x01")).toMatch(/^400 /)
    expect(rejectionOf("{")).toMatch(/^400 /)
  })
})
