import { describe, expect, it } from "vitest"
import { RequestHead } from "@evenkeel/http1/RequestHead"
import { callersTimeMs } from "../../src/proxy/Deadline.ts"
import { defaultLimits } from "../../src/proxy/Limits.ts"
import {
  httpBackend,
  rawBackend,
  RawClient,
  refusedPort,
  request,
  scriptedBackend,
  startProxy,
  tableOf
} from "./support/Bench.ts"

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
const timeIn = (head: string) => Number(/\r\nx-request-timeout-ms: (\d+)\r\n/i.exec(head)?.[1] ?? NaN)

describe("how long a caller gives a request", () => {
  const read = (...lines: ReadonlyArray<string>) => {
    const head = new RequestHead(defaultLimits.head)
    head.parse(Buffer.from(`GET / HTTP/1.1\r\nHost: s\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`), 0)
    return callersTimeMs(head)
  }

  it.each([
    [[], Infinity],
    [["X-Request-Timeout-Ms: 250"], 250],
    [["x-request-timeout-ms: 0"], 0],
    [["X-Request-Timeout-Ms: soon"], Infinity],
    [["X-Request-Timeout-Ms: -1"], Infinity],
    [["X-Request-Timeout-Ms: 1.5"], Infinity],
    [["Grpc-Timeout: 2S"], 2_000],
    [["grpc-timeout: 1M"], 60_000],
    [["grpc-timeout: 1H"], 3_600_000],
    [["grpc-timeout: 30m"], 30],
    [["grpc-timeout: 5000u"], 5],
    [["grpc-timeout: 123456789m"], Infinity],
    [["grpc-timeout: 1s"], Infinity],
    [["Grpc-Timeout: 2S", "X-Request-Timeout-Ms: 700"], 700]
  ])("%j", (lines, ms) => expect(read(...lines)).toBe(ms))
})

describe("a request with a deadline", () => {
  it("tells the task what is left, once, the shorter of label and caller", async () => {
    const backend = await scriptedBackend(() => ok)
    const { port } = await startProxy(
      tableOf([{ name: "s", timeouts: { totalMillis: 5_000 }, tasks: [{ task: "t", at: backend }] }])
    )
    await request(port, "s")
    await request(port, "s", { headers: { "X-Request-Timeout-Ms": "900000" } })
    await request(port, "s", { headers: { "X-Request-Timeout-Ms": "2000" } })
    await request(port, "s", { headers: { "Grpc-Timeout": "3S" } })
    await request(port, "s", { headers: { "X-Request-Timeout-Ms": "later" } })
    const told = backend.heads.map(timeIn)
    for (const [i, most] of [5_000, 5_000, 2_000, 3_000, 5_000].entries()) {
      expect(told[i]).toBeLessThanOrEqual(most)
      expect(told[i]).toBeGreaterThan(most - 1_000)
    }
    for (const head of backend.heads) expect(head.match(/x-request-timeout-ms/gi)?.length).toBe(1)
    expect(backend.heads.map((head) => /\r\ngrpc-timeout: \d+m\r\n/i.test(head))).toEqual([0, 0, 0, 1, 0].map(Boolean))
  })

  it("adds nothing where neither says one", async () => {
    const backend = await scriptedBackend(() => ok)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    await request(port, "s")
    expect(backend.heads[0]).not.toMatch(/timeout/i)
  })

  it("is answered 504 when it passes, and the task is not blamed", async () => {
    const slow = await rawBackend((socket) => void socket.resume())
    const { port, proxy, events } = await startProxy(
      tableOf([{ name: "s", timeouts: { totalMillis: 60 }, tasks: [{ task: "t", at: slow }] }])
    )
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("evenkeel.timeout total")
    expect(client.text).toContain("HTTP/1.1 504")
    expect(client.text).toContain("Evenkeel-Reason: deadline")
    expect(proxy.stats().totals.upstreamConnections).toBe(0)
    expect(proxy.describeEndpoints()[0]).toMatchObject({ unanswered: 0, failures: 0, outstanding: 0 })
    expect(proxy.stats().targets.get("s")?.failures.get("deadline")).toBe(1)
    expect(events).toEqual([])
  })

  it("is not begun anew by another try", async () => {
    let millis = 0
    const told: Array<number> = []
    const closing = await rawBackend((socket) =>
      socket.on("data", (bytes: Buffer) => {
        told.push(timeIn(bytes.toString("latin1")))
        millis += 50
        socket.destroy()
      })
    )
    const { port } = await startProxy(tableOf([{ name: "s", retries: 5, tasks: [{ task: "t", at: closing }] }]), {
      now: () => millis
    })
    const answer = await request(port, "s", { headers: { "X-Request-Timeout-Ms": "130" } })
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([504, "deadline"])
    expect(told).toEqual([130, 80, 30])
  })

  it("waits for a task no longer than that", async () => {
    const { port, proxy } = await startProxy(
      tableOf([{ name: "s", holdMillis: 60_000, tasks: [{ task: "t", at: await refusedPort() }] }])
    )
    const answer = await request(port, "s", { headers: { "X-Request-Timeout-Ms": "60" } })
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([504, "deadline"])
    expect(proxy.stats().heldNow).toBe(0)
  })

  it("is not sent when its time is over already", async () => {
    const backend = await scriptedBackend(() => ok)
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }]))
    expect((await request(port, "s", { headers: { "X-Request-Timeout-Ms": "0" } })).status).toBe(504)
    expect((await request(port, "s")).status).toBe(200)
    expect(backend.heads.length).toBe(1)
  })

  it("has its answer cut when that goes on beyond it", async () => {
    const endless = await httpBackend((_, res) => {
      const timer = setInterval(() => res.write("x"), 5)
      res.on("close", () => clearInterval(timer))
    })
    const { port, proxy } = await startProxy(
      tableOf([{ name: "s", timeouts: { totalMillis: 80 }, tasks: [{ task: "t", at: endless }] }])
    )
    await expect(request(port, "s")).rejects.toThrow()
    expect(proxy.stats().targets.get("s")?.failures.get("deadline")).toBe(1)
    expect(proxy.stats().totals.requestsInFlight).toBe(0)
  })

  it("does not end a WebSocket, nor a later request of the connection", async () => {
    const backend = await rawBackend((socket) =>
      socket.on("data", (bytes: Buffer) => {
        const text = bytes.toString("latin1")
        if (text.includes("Upgrade: websocket"))
          socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        else if (text.startsWith("GET")) socket.write(ok)
        else socket.write(`echo ${text}`)
      })
    )
    const { port } = await startProxy(
      tableOf([
        { name: "s", timeouts: { totalMillis: 60 }, tasks: [{ task: "t", at: backend }] },
        { name: "nobody", holdMillis: 60_000, timeouts: { totalMillis: 60 }, tasks: [] }
      ])
    )
    /** A request that begins now, with as much time, and has used it up: what began before is over time too. */
    const laterOneIsOverTime = async () => expect((await request(port, "nobody")).status).toBe(504)
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("ok")
    await laterOneIsOverTime()
    client.send("GET / HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    await client.receives("101")
    await laterOneIsOverTime()
    client.send("hello")
    await client.receives("echo hello")
  })
})
