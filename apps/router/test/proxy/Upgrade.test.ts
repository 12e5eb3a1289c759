import { describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import {
  afterwards,
  httpBackend,
  RawClient,
  rawBackend,
  scriptedBackend,
  startProxy,
  tableOf,
  until
} from "./support/Bench.ts"

const switching =
  "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
const upgrade =
  "GET /ws HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"

const tableFor = (at: { host: string; port: number }) => tableOf([{ name: "s", tasks: [{ task: "t", at }] }])

describe("an upgrade to websocket", () => {
  it("carries messages both ways, whatever their size", async () => {
    const backend = await httpBackend((_, res) => res.end())
    const server = new WebSocketServer({ server: backend.server })
    server.on("connection", (socket) =>
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }))
    )
    const { proxy, port } = await startProxy(tableFor(backend))
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws`, { headers: { host: "s" }, perMessageDeflate: false })
    afterwards(() => client.terminate())
    const received: Array<Buffer> = []
    client.on("message", (data: Buffer) => received.push(data))
    await new Promise((resolve, reject) => client.once("open", resolve).once("error", reject))
    expect(proxy.stats().totals.tunnels).toBe(1)
    const messages = [1, 126, 70_000, 3_000_000].map((size, i) => Buffer.alloc(size, i + 65))
    for (const message of messages) client.send(message)
    await until(() => received.length === messages.length, "every message comes back")
    messages.forEach((message, i) => expect(received[i]?.equals(message)).toBe(true))
    client.close(1_000, "done")
    const [code, reason] = await new Promise<[number, Buffer]>((resolve) =>
      client.once("close", (...args) => resolve(args))
    )
    expect([code, reason.toString()]).toEqual([1_000, "done"])
    await until(() => proxy.stats().totals.tunnels === 0, "the tunnel is gone")
  })

  it("loses nothing sent right behind the heads, by either side", async () => {
    const backend = await rawBackend((socket) => {
      let text = ""
      socket.on("data", (bytes: Buffer) => {
        text += bytes.toString("latin1")
        if (text.endsWith("early")) socket.write("heard early")
      })
      socket.once("data", () => socket.write(`${switching}first`))
    })
    const { port } = await startProxy(tableFor(backend))
    const text = await new RawClient(port).send(`${upgrade}early`).receives("heard early")
    expect(text).toMatch(/^HTTP\/1\.1 101 .*\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirstheard early$/s)
  })

  it("passes on one side's end after all it has said, and what the other still says", async () => {
    const backend = await rawBackend((socket) => {
      socket.once("data", () => socket.write(switching))
      let count = 0
      socket.on("data", (bytes: Buffer) => (count += bytes.length))
      socket.on("end", () => socket.end(`counted ${count >= 2_000_000}`))
    })
    const { proxy, port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(upgrade)
    await client.receives("101")
    client.socket.end(Buffer.alloc(2_000_000))
    expect(await client.end()).toContain("counted true")
    await until(() => proxy.stats().totals.clientConnections === 0, "both connections close")
  })

  it("makes a side wait while the other does not read", async () => {
    let toClient: import("node:net").Socket | null = null
    const backend = await rawBackend((socket) => {
      socket.once("data", () => socket.write(switching))
      toClient = socket
    })
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(upgrade)
    await client.receives("101")
    client.socket.pause()
    const sender = toClient as import("node:net").Socket | null
    if (sender === null) throw new Error("no connection")
    const total = 30_000_000
    for (let i = 0; i < 300; i++) sender.write(Buffer.alloc(100_000))
    sender.end()
    await until(() => sender.writableLength > 0 && sender.writableLength < total, "the sender has to wait")
    let received = 0
    client.socket.removeAllListeners("data")
    client.socket.on("data", (bytes: Buffer) => (received += bytes.length))
    client.socket.resume()
    await until(() => received === total, "all of it arrives")
  })

  it("breaks with the other side", async () => {
    const backend = await rawBackend((socket) => socket.once("data", () => socket.write(switching)))
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(upgrade)
    await client.receives("101")
    backend.sockets[0]?.resetAndDestroy()
    await until(() => client.closed || client.ended, "the client learns it")
  })

  it("goes when one side breaks off after the other has ended", async () => {
    const tasks = await rawBackend((socket) => void socket.once("data", () => socket.write(switching)))
    const { proxy, port } = await startProxy(tableFor(tasks))
    const first = new RawClient(port).send(upgrade)
    await first.receives("101")
    const heard = new Promise((resolve) => tasks.sockets[0]?.once("end", resolve))
    first.socket.end()
    await heard
    tasks.sockets[0]?.resetAndDestroy()
    await until(() => proxy.stats().totals.tunnels === 0, "the task breaks off after the client has ended")

    const second = new RawClient(port).send(upgrade)
    await second.receives("101")
    tasks.sockets[1]?.end()
    await second.end()
    second.socket.resetAndDestroy()
    await until(() => proxy.stats().totals.tunnels === 0, "the client breaks off after the task has ended")
    await until(() => proxy.stats().totals.upstreamConnections === 0, "nothing is left")
  })

  it("goes with its client", async () => {
    const backend = await rawBackend((socket) => socket.once("data", () => socket.write(switching)))
    const { proxy, port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(upgrade)
    await client.receives("101")
    client.socket.resetAndDestroy()
    await until(() => backend.sockets[0]?.readableEnded === true, "the task learns it")
    await until(() => proxy.stats().totals.upstreamConnections === 0, "nothing is left")
  })

  it("that the task declines is an ordinary response", async () => {
    const backend = await scriptedBackend(
      () => "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nno"
    )
    const { port } = await startProxy(tableFor(backend))
    const client = new RawClient(port).send(upgrade)
    expect(await client.receives(/\r\n\r\nno$/)).toContain("Upgrade: websocket\r\n")
    client.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives(/no.*no$/s)
  })
})

describe("an upgrade to anything else", () => {
  it.each(["h2c", "websocket, h2c", "TLS/1.0"])("to %s is not passed on", async (protocol) => {
    const backend = await scriptedBackend(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    const { port } = await startProxy(tableFor(backend))
    await new RawClient(port).send(upgrade.replace("Upgrade: websocket", `Upgrade: ${protocol}`)).receives("ok")
    expect(backend.heads[0]).not.toMatch(/upgrade|connection/i)
  })

  it("that a task makes unasked is no response", async () => {
    const backend = await scriptedBackend(() => switching)
    const { port } = await startProxy(tableFor(backend))
    expect(await new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n").receives("bad-response")).toContain(
      "502"
    )
  })
})
