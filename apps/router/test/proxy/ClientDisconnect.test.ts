import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, scriptedBackend, startProxy, tableOf, until } from "./support/Bench.ts"

describe("a client that goes away", () => {
  it("takes its request with it: the task learns", async () => {
    let aborted = false
    const backend = await httpBackend((_, res) => res.on("close", () => (aborted = true)))
    const { proxy, port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]), {
      limits: { halfCloseGraceMs: 20 }
    })
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await until(() => backend.sockets.length === 1, "the task has the request")
    client.socket.destroy()
    await until(() => aborted, "the task learns")
    const { totals, targets, endpoints } = proxy.stats()
    expect(totals).toMatchObject({ requestsInFlight: 0, clientConnections: 0, upstreamConnections: 0 })
    expect(targets.get("s")?.clientAborts).toBe(1)
    expect(endpoints[0]?.outstanding).toBe(0)
  })

  it("in the middle of its body takes it with it", async () => {
    const backend = await scriptedBackend(() => null)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send("POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\n\r\nabc")
    await until(() => backend.heads.length === 1, "the task has the head")
    client.socket.end()
    await until(() => backend.sockets[0]?.destroyed === true, "the task learns")
  })

  it("in the middle of its response takes it with it", async () => {
    let aborted = false
    const backend = await httpBackend((_, res) => {
      res.write("begun")
      res.on("close", () => (aborted = true))
    })
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("begun")
    client.socket.resetAndDestroy()
    await until(() => aborted, "the task learns")
  })

  it("only half, having asked all it wants, is still answered", async () => {
    const backend = await httpBackend((_, res) => void setImmediate(() => res.end("answer")))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port)
    client.socket.end("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    expect(await client.end()).toContain("answer")
  })
})
