import * as http from "node:http"
import { describe, expect, it } from "vitest"
import { httpBackend, isLeft, RawClient, startProxy, tableOf, until } from "./support/Bench.ts"

const streaming = async () => {
  let stream: http.ServerResponse | null = null
  const backend = await httpBackend((req, res) => {
    if (req.url !== "/stream") return void res.end("plain")
    res.write("begun ")
    stream = res
  })
  const running = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
  return { ...running, stream: () => stream as http.ServerResponse | null }
}

describe("a proxy that shuts down", () => {
  it("takes no more connections, ends idle ones, and lets what is under way end", async () => {
    const { proxy, port, stream } = await streaming()
    const idle = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await idle.receives("plain")
    const busy = new RawClient(port).send("GET /stream HTTP/1.1\r\nHost: s\r\n\r\n")
    await busy.receives("begun")
    let done = false
    const closed = proxy.close({ deadlineMs: 60_000 }).then(() => (done = true))
    await isLeft(port)
    idle.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    expect(await idle.end()).toMatch(/plain.*Connection: close\r\n.*plain$/s)
    expect([busy.ended, done]).toEqual([false, false])
    stream()?.end("ended")
    expect(await busy.end()).toContain("ended")
    idle.socket.destroy()
    busy.socket.destroy()
    await closed
    expect(proxy.stats().totals).toMatchObject({ clientConnections: 0, upstreamConnections: 0 })
  })

  it("says Connection: close with the responses that it still sends", async () => {
    let answer: (() => void) | null = null
    const backend = await httpBackend((_, res) => (answer = () => res.end("late")))
    const { proxy, port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await until(() => answer !== null, "the task has the request")
    const closed = proxy.close({ deadlineMs: 60_000 })
    await isLeft(port)
    ;(answer as (() => void) | null)?.()
    expect(await client.end()).toMatch(/Connection: close\r\n.*late/s)
    client.socket.destroy()
    await closed
  })

  it("answers those who were connected before it left its port, though it had not seen them yet", async () => {
    const backend = await httpBackend((req, res) => res.end(`for ${req.url}`))
    const { proxy, port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    const clients = Array.from({ length: 20 }, (_, i) =>
      new RawClient(port).send(`GET /${i} HTTP/1.1\r\nHost: s\r\n\r\n`)
    )
    // The system makes the connections now; this process has not been told.
    await new Promise((resolve) => process.nextTick(resolve))
    expect(proxy.stats().totals.clientConnections).toBe(0)
    const closed = proxy.close({ deadlineMs: 60_000 })
    const answers = await Promise.all(clients.map((client) => client.end()))
    expect(answers.map((text) => /for (\/\d+)$/.exec(text)?.[1])).toEqual(clients.map((_, i) => `/${i}`))
    for (const { socket } of clients) socket.destroy()
    await closed
  })

  it("still takes the next request of a client that could not be told, for its answer had begun", async () => {
    const { proxy, port, stream } = await streaming()
    const client = new RawClient(port).send("GET /stream HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("begun")
    const closed = proxy.close({ deadlineMs: 60_000 })
    await isLeft(port)
    stream()?.end("ended")
    await client.receives("ended")
    client.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    expect(await client.end()).toMatch(/ended.*Connection: close\r\n.*plain$/s)
    client.socket.destroy()
    await closed
  })

  it("ends connections that stay idle", async () => {
    const { proxy, port } = await startProxy(tableOf([]), { limits: { shutdownIdleMs: 20 } })
    const client = new RawClient(port)
    await until(() => proxy.stats().totals.clientConnections === 1, "the client is connected")
    const closed = proxy.close({ deadlineMs: 60_000 })
    await client.end()
    client.socket.destroy()
    await closed
  })

  it("answers a request that came before its connection's time was over, though it had not read it yet", async () => {
    const backend = await httpBackend((_, res) => res.end("in time"))
    const clientIdleMs = 40
    const { proxy, port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]), {
      limits: { clientIdleMs }
    })
    const client = new RawClient(port)
    await until(
      () => proxy.stats().totals.clientConnections === 1 && !client.socket.connecting,
      "both ends know of the connection"
    )
    client.send("GET / HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    // The system has the request; the proxy, of this same process, can do nothing until its connection's time is over.
    for (const over = performance.now() + 2 * clientIdleMs; performance.now() < over;);
    expect(await client.end()).toContain("in time")
  })

  it("cuts what is left at the deadline", async () => {
    const { proxy, port } = await streaming()
    const client = new RawClient(port).send("GET /stream HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("begun")
    await proxy.close({ deadlineMs: 20 })
    await client.end()
    await until(() => proxy.stats().totals.upstreamConnections === 0, "the task's connection is gone too")
    expect(proxy.stats().totals).toMatchObject({ clientConnections: 0, requestsInFlight: 0 })
  })
})
