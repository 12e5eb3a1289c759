import * as http from "node:http"
import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, request, startProxy, tableOf } from "./support/Bench.ts"

describe("a task that Swarm is about to stop", () => {
  it("gets nothing new, loses its idle connections, and ends its streams in peace", async () => {
    let stream: http.ServerResponse | null = null
    const old = await httpBackend((req, res) => {
      if (req.url !== "/stream") return void res.end("old")
      res.write("begun ")
      stream = res
    })
    const fresh = await httpBackend((_, res) => res.end("fresh"))
    const table = (state: "ready" | "draining") =>
      tableOf([
        {
          name: "s",
          tasks: [
            { task: "old", node: "node-router", at: old, state },
            ...(state === "draining" ? [{ task: "fresh", node: "n2", at: fresh }] : [])
          ]
        }
      ])
    const { proxy, port } = await startProxy(table("ready"))
    const client = new RawClient(port).send("GET /stream HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    await client.receives("begun")
    expect((await request(port, "s")).body).toBe("old")
    expect(proxy.stats().poolIdle).toBe(1)
    proxy.setTable(table("draining"))
    expect(proxy.stats().poolIdle).toBe(0)
    for (let i = 0; i < 5; i++) expect((await request(port, "s")).body).toBe("fresh")
    ;(stream as http.ServerResponse | null)?.end("ended")
    expect(await client.end()).toContain("ended")
  })

  it("keeps its stream when it has left the table altogether", async () => {
    let stream: http.ServerResponse | null = null
    const old = await httpBackend((_, res) => {
      res.write("begun ")
      stream = res
    })
    const { proxy, port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "old", at: old }] }]))
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    await client.receives("begun")
    proxy.setTable(tableOf([{ name: "s", tasks: [] }]))
    expect((await request(port, "s")).status).toBe(503)
    ;(stream as http.ServerResponse | null)?.end("ended")
    expect(await client.end()).toContain("ended")
    expect(proxy.stats().totals.upstreamConnections).toBe(0)
  })

  it("leaves streams of other services alone, whatever changes", async () => {
    let stream: http.ServerResponse | null = null
    const one = await httpBackend((_, res) => {
      res.write("begun ")
      stream = res
    })
    const stays = { name: "one", tasks: [{ task: "t1", at: one }] }
    const { proxy, port } = await startProxy(tableOf([stays, { name: "two", tasks: [] }]))
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: one\r\nConnection: close\r\n\r\n")
    await client.receives("begun")
    for (let i = 0; i < 100; i++) proxy.setTable(tableOf([stays, { name: "two", tasks: [{ task: `x${i}`, at: one }] }]))
    ;(stream as http.ServerResponse | null)?.end("ended")
    expect(await client.end()).toContain("ended")
  })
})
