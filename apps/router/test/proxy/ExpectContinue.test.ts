import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, rawBackend, scriptedBackend, startProxy, tableOf, until } from "./support/Bench.ts"

const tableFor = (at: { host: string; port: number }) => tableOf([{ name: "s", tasks: [{ task: "t", at }] }])
const expecting = "PUT / HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"

describe("Expect: 100-continue", () => {
  it("is the task's to answer: with 100, the body follows", async () => {
    const backend = await httpBackend((req, res) => void req.pipe(res))
    backend.server.on("checkContinue", (req, res) => {
      res.writeContinue()
      req.pipe(res)
    })
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(expecting)
    await client.receives("HTTP/1.1 100 Continue\r\n\r\n")
    client.send("body")
    await client.receives(/200 OK.*body/s)
  })

  it("is the task's to answer: with a refusal, no body is awaited and the connection ends", async () => {
    const backend = await scriptedBackend(() => "HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much")
    const { port, proxy } = await startProxy(tableFor(backend))
    const text = await new RawClient(port).send(expecting).end()
    expect(text).toMatch(/^HTTP\/1\.1 413 .*Connection: close.*too much/s)
    // The task may still wait for the body: the connection is of no more use.
    expect(proxy.stats().totals.upstreamConnections).toBe(0)
  })

  it("gets one 100, even if the request had to be sent twice", async () => {
    let connections = 0
    const backend = await rawBackend((socket) => {
      const first = ++connections === 1
      socket.once("data", () => socket.write("HTTP/1.1 100 Continue\r\n\r\n"))
      socket.on("data", (bytes: Buffer) => {
        if (!bytes.toString().includes("body")) return
        if (first) socket.destroy()
        else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      })
    })
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(expecting)
    await client.receives("100 Continue")
    client.send("body")
    const text = await client.receives(/ok$/)
    expect(text.split("100 Continue").length).toBe(2)
    expect(connections).toBe(2)
  })

  it("of anything else is refused", async () => {
    const { port } = await startProxy(tableOf([]))
    const text = await new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\nExpect: tea\r\n\r\n").end()
    expect(text).toMatch(/^HTTP\/1\.1 417 /)
  })
})

describe("other interim responses", () => {
  it("are passed on in order, and a final response follows", async () => {
    const backend = await rawBackend((socket) =>
      socket.on("data", () =>
        socket.write(
          "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        )
      )
    )
    const { port } = await startProxy(tableFor(backend))
    const text = await new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n").receives(/ok$/)
    expect(text).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a.css>\r\n\r\nHTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 200 OK/
    )
  })

  it("are kept from clients of HTTP/1.0", async () => {
    const backend = await rawBackend((socket) =>
      socket.on("data", () =>
        socket.write("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
      )
    )
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send("GET / HTTP/1.0\r\nHost: s\r\n\r\n")
    expect(await client.end()).toMatch(/^HTTP\/1\.1 200 OK/)
    await until(() => client.ended, "the connection ends")
  })
})
