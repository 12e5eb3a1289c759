import { describe, expect, it } from "vitest"
import { RawClient, scriptedBackend, startProxy, tableOf, until } from "./support/Bench.ts"

describe("what is not a request", () => {
  it.each<[string, string, number]>([
    [
      "both framings",
      "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      400
    ],
    ["two lengths", "POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400],
    ["an unknown coding", "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["two hosts", "GET / HTTP/1.1\r\nHost: s\r\nHost: s\r\n\r\n", 400],
    ["a lone LF", "GET / HTTP/1.1\nHost: s\n\n", 400],
    ["a folded line", "GET / HTTP/1.1\r\nHost: s\r\nX: a\r\n b\r\n\r\n", 400],
    ["another version", "GET / HTTP/2.0\r\nHost: s\r\n\r\n", 505],
    ["CONNECT", "CONNECT s:80 HTTP/1.1\r\nHost: s\r\n\r\n", 501],
    ["TLS", "\x16\x03\x01\x02\x00\x01", 400],
    ["too long a target", `GET /${"x".repeat(40_000)} HTTP/1.1\r\nHost: s\r\n\r\n`, 414],
    ["too many fields", `GET / HTTP/1.1\r\nHost: s\r\n${"X: 1\r\n".repeat(200)}\r\n`, 431],
    ["too large a head", `GET / HTTP/1.1\r\nHost: s\r\nX: ${"x".repeat(40_000)}\r\n\r\n`, 431]
  ])("is refused and the connection ended: %s", async (_, request, status) => {
    const backend = await scriptedBackend(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const text = await new RawClient(port).send(`${request}GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n`).end()
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(text).toContain("Connection: close\r\n")
    expect(text.match(/HTTP\/1\.1 \d/g)?.length).toBe(1)
    expect(backend.heads).toEqual([])
  })

  it("is refused where it begins, after the requests before it were answered", async () => {
    const backend = await scriptedBackend(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const text = await new RawClient(port)
      .send("GET / HTTP/1.1\r\nHost: s\r\n\r\nGET / HTTP/1.1\r\nHost : s\r\n\r\n")
      .end()
    expect(text).toMatch(/^HTTP\/1\.1 200 .*okHTTP\/1\.1 400 /s)
  })

  it("is TRACE, which is refused with the methods that are served", async () => {
    const { port } = await startProxy(tableOf([]))
    const text = await new RawClient(port).send("TRACE / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n").end()
    expect(text).toMatch(/^HTTP\/1\.1 405 .*\r\nAllow: GET/s)
  })

  it("is a body of malformed chunks: the task gets no end of it, and the client a 400", async () => {
    let toTask = ""
    const backend = await scriptedBackend(() => null)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send(
      "POST / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    )
    await until(() => backend.heads.length === 1, "the task has the head")
    backend.sockets[0]?.on("data", (bytes: Buffer) => (toTask += bytes.toString()))
    client.send("zz\r\n")
    expect(await client.end()).toMatch(/^HTTP\/1\.1 400 /)
    await until(() => backend.sockets[0]?.destroyed === true, "the task's connection is gone")
    expect(toTask).not.toContain("zz")
  })

  it("is a head that never ends", async () => {
    const { port } = await startProxy(tableOf([]), { limits: { clientHeadMs: 50 } })
    expect(await new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n").end()).toMatch(/^HTTP\/1\.1 408 /)
  })

  it("is a body that never comes", async () => {
    const backend = await scriptedBackend(() => null)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]), {
      limits: { clientStallMs: 50 }
    })
    const text = await new RawClient(port).send("POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\n\r\nabc").end()
    expect(text).toMatch(/^HTTP\/1\.1 408 .*slow-body/s)
  })

  it("is silence: an idle connection is ended without a word", async () => {
    const { port } = await startProxy(tableOf([]), { limits: { clientIdleMs: 50 } })
    expect(await new RawClient(port).end()).toBe("")
  })
})
