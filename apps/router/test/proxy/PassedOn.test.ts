/** What a gateway must not touch, and the little that it must (RFC 9110 §5, §7, §8, §13; RFC 9112 §2.3, §3.2). */
import { describe, expect, it } from "vitest"
import { RawClient, scriptedBackend, startProxy, tableOf, until } from "./support/Bench.ts"

const plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: today\r\n\r\nok"

const through = async (request: string, answer: string, until: string | RegExp) => {
  const backend = await scriptedBackend(() => answer)
  const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
  const got = await new RawClient(port).send(request).receives(until)
  return { sent: backend.heads[0] ?? "", got }
}

describe("a request is passed on", () => {
  it.each([
    "/a/../b/./c//d",
    "/%2e%2E/%7euser?x=%00&y=a+b&&=?/?",
    "/?",
    "/a;v=1,2/{x}|y'\"`^?q=[1]&r=<2>",
    `/${"long/".repeat(1_000)}`
  ])("with its path and query as they stand: %s", async (target) => {
    const { sent } = await through(`GET ${target} HTTP/1.1\r\nHost: s\r\n\r\n`, plain, "ok")
    expect(sent.split("\r\n")[0]).toBe(`GET ${target} HTTP/1.1`)
  })

  it("with methods and fields that it does not know", async () => {
    const fields = "Authorization: Basic dXNlcjpw\r\nX-Unknown:  two  words \r\nRange: bytes=0-1\r\nAllow: GET\r\n"
    const { sent } = await through(`BREW /pot HTTP/1.1\r\nHost: s\r\n${fields}\r\n`, plain, "ok")
    expect(sent.startsWith(`BREW /pot HTTP/1.1\r\nHost: s\r\n${fields}`)).toBe(true)
  })

  it("with its conditions, which are the task's to judge", async () => {
    const fields =
      'If-None-Match: "a", W/"b"\r\nIf-Modified-Since: yesterday\r\nIf-Match: *\r\nIf-Range: "c"\r\nIf-Unmodified-Since: x\r\n'
    const { sent } = await through(`GET / HTTP/1.1\r\nHost: s\r\n${fields}\r\n`, plain, "ok")
    expect(sent).toContain(fields)
  })

  it("with the router's own version, and a question about the whole server as such", async () => {
    const old = await through("GET / HTTP/1.0\r\nHost: s\r\n\r\n", plain, "ok")
    expect(old.sent).toMatch(/^GET \/ HTTP\/1\.1\r\n/)
    const star = await through("OPTIONS * HTTP/1.1\r\nHost: s\r\n\r\n", plain, "ok")
    expect(star.sent).toMatch(/^OPTIONS \* HTTP\/1\.1\r\n/)
    const absolute = await through("OPTIONS http://s HTTP/1.1\r\nHost: other\r\n\r\n", plain, "ok")
    expect(absolute.sent).toMatch(/^OPTIONS \* HTTP\/1\.1\r\nHost: s\r\n/)
    expect(absolute.sent).not.toContain("other")
  })
})

describe("a response is passed on", () => {
  const get = "GET / HTTP/1.1\r\nHost: s\r\n\r\n"

  it.each([
    'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nDate: today\r\nX-A: 1\r\n\r\n',
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/5\r\nContent-Length: 2\r\nDate: today\r\n\r\nab",
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic, Digest x=1\r\nAllow: GET\r\nContent-Length: 0\r\nDate: d\r\n\r\n",
    "HTTP/1.1 599 \xe4\xf6 odd\r\nContent-Length: 0\r\nDate: d\r\n\r\n"
  ])("byte by byte: %j", async (answer) => {
    const { got } = await through(get, answer, answer.slice(-6))
    expect(got).toBe(answer)
  })

  it("with the router's own version where the task's is older", async () => {
    const { got } = await through(get, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", /ok$/)
    expect(got).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })
})

describe("a trailer", () => {
  const chunked = (name: string) => `2\r\nok\r\n0\r\n${name}: 1\r\n\r\n`

  it("that Connection does not name is passed on, in a request and in a response", async () => {
    const head = "Connection: x-hop\r\nTransfer-Encoding: chunked\r\n"
    const answer = `HTTP/1.1 200 OK\r\n${head}\r\n${chunked("x-sum")}`
    const { got } = await through("GET / HTTP/1.1\r\nHost: s\r\n\r\n", answer, "x-sum: 1\r\n\r\n")
    expect(got.endsWith(chunked("x-sum"))).toBe(true)
    const posted = await through(`POST / HTTP/1.1\r\nHost: s\r\n${head}\r\n${chunked("x-sum")}`, plain, /ok$/)
    expect(posted.got).toMatch(/^HTTP\/1\.1 200 /)
  })

  it("that Connection names is refused, for it belongs to one hop", async () => {
    const head = "Connection: X-Hop\r\nTransfer-Encoding: chunked\r\n"
    const answer = `HTTP/1.1 200 OK\r\n${head}\r\n${chunked("x-HOP")}`
    const { got } = await through("GET / HTTP/1.1\r\nHost: s\r\n\r\n", answer, "bad-response")
    expect(got).toMatch(/^HTTP\/1\.1 502 /)
    const backend = await scriptedBackend(() => null)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send(`POST / HTTP/1.1\r\nHost: s\r\n${head}\r\n2\r\nok\r\n0\r\n`)
    await until(() => backend.heads.length === 1, "the task has the head")
    client.send("x-hop: 1\r\n\r\n")
    expect(await client.end()).toMatch(/^HTTP\/1\.1 400 /)
  })
})
