import { describe, expect, it } from "vitest"
import { FieldKind } from "../src/FieldKind.ts"
import { accepted, rejectionOf } from "./support/Messages.ts"

const withFields = (...lines: ReadonlyArray<string>) =>
  `GET / HTTP/1.1\r\nHost: h\r\n${lines.map((l) => `${l}\r\n`).join("")}\r\n`

describe("field lines", () => {
  it("are found with their names and trimmed values, in order", () => {
    const { fields } = accepted(withFields("A:1", "b-B: \t two words \t", "C:", "D: \xff\t~"))
    const all = Array.from({ length: fields.count }, (_, i) => [fields.name(i), fields.value(i)])
    expect(all).toEqual([
      ["Host", "h"],
      ["A", "1"],
      ["b-B", "two words"],
      ["C", ""],
      ["D", "\xff\t~"]
    ])
    expect(fields.text.slice(fields.lineStart[1], fields.lineStart[2])).toBe("A:1\r\n")
    expect(fields.lineStart[fields.count]).toBe(fields.end)
  })

  it.each([
    ["X : 1", "400 whitespace-before-colon"],
    ["X\t: 1", "400 whitespace-before-colon"],
    [": 1", "400 field-name"],
    ["X", "400 field-name"],
    ["X(: 1", "400 field-name"],
    ["X\xe4: 1", "400 field-name"],
    [" folded", "400 obs-fold"],
    ["\tfolded", "400 obs-fold"],
    ["X: a\x00b", "400 control-character"],
    ["X: a\x7fb", "400 control-character"],
    ["X: a\x0bb", "400 control-character"],
    ["X: a\rb", "400 bare-cr-or-lf"],
    ["X: a\nY: b", "400 bare-cr-or-lf"],
    ["\rX: a", "400 bare-cr-or-lf"]
  ])("are refused: %j", (line, reason) => expect(rejectionOf(withFields(line))).toBe(reason))

  it("may be 128, not 129", () => {
    expect(rejectionOf(withFields(...Array.from({ length: 127 }, () => "X: 1")))).toBe(null)
    expect(rejectionOf(withFields(...Array.from({ length: 128 }, () => "X: 1")))).toBe("431 too-many-fields")
  })

  it("may fill the head to its limit, whether it has ended or not", () => {
    expect(rejectionOf(withFields(`X: ${"x".repeat(30_000)}`))).toBe(null)
    expect(rejectionOf(withFields(`X: ${"x".repeat(40_000)}`))).toBe("431 head-too-large")
    expect(rejectionOf(`GET / HTTP/1.1\r\nX: ${"x".repeat(40_000)}`)).toBe("431 head-too-large")
  })

  it("that matter to an intermediary are known by name, whatever the case", () => {
    const { fields } = accepted(
      withFields(
        "CONNECTION: x",
        "keep-alive: 1",
        "Te: x",
        "x-forwarded-FOR: 1",
        "X-Forwarded-Port: 1",
        "Via: 1",
        "Vix: 1"
      )
    )
    expect([...fields.kind.subarray(1, fields.count)]).toEqual([
      FieldKind.connection,
      FieldKind.keepAlive,
      FieldKind.te,
      FieldKind.xForwardedFor,
      FieldKind.xForwardedOther,
      FieldKind.via,
      FieldKind.other
    ])
  })

  it("that only look like them are known too", () => {
    const { fields } = accepted(
      withFields("Content_Length: 1", "x_forwarded-for: 1", "X_Forwarded_Port: 1", "my_own: 1")
    )
    const { lookalike, other } = FieldKind
    expect([...fields.kind.subarray(1, fields.count)]).toEqual([lookalike, lookalike, lookalike, other])
  })
})

describe("Host", () => {
  it.each(["h", "h:80", "a-b_c.d.", "10.0.0.1:8080", "[::1]", "[fd00::1]:80", "h:", "%41b"])("may be %s", (host) =>
    expect(accepted(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).host).toBe(host)
  )
  it.each(["", "a b", "h:123456", "h:x", "u@h", "a/b", "[::1", "::1", "[g]", "%4", "h?"])("may not be %j", (host) =>
    expect(rejectionOf(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toBe("400 host")
  )
  it("is needed once, but by HTTP/1.0", () => {
    expect(rejectionOf("GET / HTTP/1.1\r\n\r\n")).toBe("400 host")
    expect(rejectionOf("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n")).toBe("400 host")
    expect(rejectionOf("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n")).toBe("400 host")
    expect(accepted("GET / HTTP/1.0\r\n\r\n").host).toBe("")
  })
})

describe("Connection, Upgrade, TE and Expect", () => {
  it("say whether the connection lives on", () => {
    const alive = (version: string, ...lines: ReadonlyArray<string>) =>
      accepted(withFields(...lines).replace("HTTP/1.1", version)).keepAlive
    expect(alive("HTTP/1.1")).toBe(true)
    expect(alive("HTTP/1.1", "Connection: a, CLOSE")).toBe(false)
    expect(alive("HTTP/1.0")).toBe(false)
    expect(alive("HTTP/1.0", "Connection: Keep-Alive")).toBe(true)
    expect(alive("HTTP/1.0", "Connection: keep-alive", "Connection: close")).toBe(false)
  })

  it("name fields of this hop", () => {
    const { connection } = accepted(withFields("Connection: , X-A ,,x-b,Keep-Alive", "Connection: upgrade"))
    expect([connection.names, connection.upgrade, connection.keepAlive]).toEqual([["x-a", "x-b"], true, true])
  })

  it("ask for an upgrade only together, and not in HTTP/1.0", () => {
    expect(accepted(withFields("Connection: Upgrade", "Upgrade: WebSocket")).upgrade).toBe("websocket")
    expect(accepted(withFields("Upgrade: websocket")).upgrade).toBe("")
    expect(accepted(withFields("Connection: upgrade", "Upgrade: websocket").replace("1.1", "1.0")).upgrade).toBe("")
  })

  it("expect nothing but 100-continue", () => {
    expect(accepted(withFields("Expect: 100-Continue")).expectContinue).toBe(true)
    expect(rejectionOf(withFields("Expect: 200-ok"))).toBe("417 expect")
  })

  it("accept trailers where the word stands in the list", () => {
    expect(accepted(withFields("TE: gzip;q=1, Trailers")).acceptsTrailers).toBe(true)
    expect(accepted(withFields("TE: xtrailers")).acceptsTrailers).toBe(false)
  })
})
