import { describe, expect, it } from "vitest"
import { httpBackend, RawClient, refusedPort, request, startProxy, tableOf, until } from "./support/Bench.ts"

const empty = tableOf([{ name: "s", holdMillis: 20_000, tasks: [] }])

describe("requests for a service without a task", () => {
  it("wait, POSTs too, and are answered once there is one", async () => {
    const backend = await httpBackend((req, res) => void req.pipe(res))
    const { proxy, port, events } = await startProxy(empty)
    const answers = Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        request(port, "s", { method: i % 2 === 0 ? "POST" : "PUT", body: `body ${i}` })
      )
    )
    await until(() => proxy.stats().heldNow === 200, "all requests wait")
    expect(proxy.describeRoutes()[0]?.held).toBe(200)
    proxy.setTable(tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task: "t", at: backend }] }]))
    expect((await answers).map(({ status, body }) => `${status} ${body}`)).toEqual(
      Array.from({ length: 200 }, (_, i) => `200 body ${i}`)
    )
    await until(() => events.some(({ type }) => type === "hold-ended"), "the end of holding is told")
    expect(events.filter(({ type }) => type.startsWith("hold"))).toMatchObject([
      { type: "hold-begun", target: "s" },
      { type: "hold-ended", target: "s", requests: 200 }
    ])
    expect(proxy.stats()).toMatchObject({ heldNow: 0, heldBytes: 0 })
    expect(proxy.stats().targets.get("s")?.held).toBe(200)
  })

  it("are told by the answer how long they waited, and others are not", async () => {
    let clock = 5
    const backend = await httpBackend((_, res) => void res.end("ok"))
    const { proxy, port } = await startProxy(empty, { now: () => clock })
    const answer = request(port, "s")
    await until(() => proxy.stats().heldNow === 1, "the request waits")
    clock = 1_205
    proxy.setTable(tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task: "t", at: backend }] }]))
    expect((await answer).headers["evenkeel-held-ms"]).toBe("1200")
    expect((await request(port, "s")).headers["evenkeel-held-ms"]).toBeUndefined()
  })

  it("are refused with Retry-After when the time is up", async () => {
    let clock = 0
    const { proxy, port } = await startProxy(empty, { now: () => clock })
    const answer = request(port, "s")
    await until(() => proxy.stats().heldNow === 1, "the request waits")
    // In steps, as a clock does.
    const ticking = setInterval(() => (clock += 20), 1)
    const { status, headers, body } = await answer
    clearInterval(ticking)
    expect([status, headers["retry-after"], headers["evenkeel-reason"]]).toEqual([503, "1", "hold-expired"])
    expect(body).toContain("20 s")
    expect(clock).toBeGreaterThanOrEqual(20_000)
  })

  it("are refused when too many wait already", async () => {
    const { proxy, port } = await startProxy(empty, { limits: { heldRequests: 2 } })
    const first = [new RawClient(port), new RawClient(port)]
    for (const client of first) client.send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await until(() => proxy.stats().heldNow === 2, "two wait")
    const answer = await request(port, "s")
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([503, "hold-full"])
  })

  it("are forgotten when their client goes", async () => {
    const { proxy, port } = await startProxy(empty)
    const client = new RawClient(port).send("POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 3\r\n\r\nabc")
    await until(() => proxy.stats().heldNow === 1 && proxy.stats().heldBytes === 3, "the request waits")
    client.socket.destroy()
    await until(() => proxy.stats().heldNow === 0, "nobody waits")
    expect(proxy.stats()).toMatchObject({ heldBytes: 0, totals: { requestsInFlight: 0 } })
    expect(proxy.stats().targets.get("s")?.clientAborts).toBe(1)
  })

  it("wait on while even its route is gone", async () => {
    const dying = await httpBackend(() => undefined)
    const { proxy, port } = await startProxy(
      tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task: "t1", at: dying }] }])
    )
    const answer = request(port, "s")
    await until(() => dying.sockets.length === 1, "the request is with the task")
    proxy.setTable(tableOf([]))
    await dying.stop()
    await until(() => proxy.stats().heldNow === 1, "the request waits")
    proxy.setTable(tableOf([]))
    const next = await httpBackend((_, res) => res.end("next"))
    proxy.setTable(tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task: "t2", at: next }] }]))
    expect((await answer).body).toBe("next")
  })

  it("do not have their uploads read beyond what is kept", async () => {
    const { proxy, port } = await startProxy(empty)
    const client = new RawClient(port).send("POST / HTTP/1.1\r\nHost: s\r\nContent-Length: 100000000\r\n\r\n")
    const piece = Buffer.alloc(1_000_000, "x")
    for (let i = 0; i < 100; i++) client.socket.write(piece)
    await until(() => proxy.stats().heldBytes >= 65_536, "the part kept has come")
    // What the kernel does not take stays with the client.
    await until(() => client.socket.writableLength > 0, "the client has to wait")
    expect(proxy.stats().heldBytes).toBeLessThan(300_000)
    let received = 0
    const backend = await httpBackend((req, res) => {
      req.on("data", (bytes: Buffer) => (received += bytes.length))
      req.on("end", () => res.end(String(received)))
    })
    proxy.setTable(tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task: "t", at: backend }] }]))
    expect(await client.receives(/\r\n\r\n\d+/)).toContain("\r\n\r\n100000000")
  })
})

describe("requests while every task of a service fails", () => {
  it("wait, and one after another tries until a task is back", async () => {
    const refused = await refusedPort()
    const { proxy, port, events } = await startProxy(
      tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task: "t", at: refused }] }]),
      { limits: { probePaceMs: 20 } }
    )
    const answers = Promise.all(Array.from({ length: 20 }, () => request(port, "s", { method: "POST", body: "x" })))
    await until(() => proxy.stats().heldNow >= 19, "the requests wait")
    await until(() => events.some(({ type }) => type === "endpoint-ejected"), "the task is out")
    await httpBackend((req, res) => void req.pipe(res), refused.host, refused.port)
    expect(new Set((await answers).map(({ status, body }) => `${status} ${body}`))).toEqual(new Set(["200 x"]))
  })

  it("wait through the loss of the only task with a GET under way", async () => {
    const dying = await httpBackend(() => undefined)
    const table = (at: { host: string; port: number }, task: string) =>
      tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task, at }] }])
    const { proxy, port } = await startProxy(table(dying, "t1"))
    const answer = request(port, "s")
    await until(() => dying.sockets.length === 1, "the request is with the task")
    await dying.stop()
    await until(() => proxy.stats().heldNow === 1, "the request waits")
    const next = await httpBackend((_, res) => res.end("next"))
    proxy.setTable(table(next, "t2"))
    expect((await answer).body).toBe("next")
  })
})
