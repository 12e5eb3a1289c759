import { describe, expect, it } from "vitest"
import type { HedgeDelay } from "@evenkeel/domain/Hedging"
import {
  type At,
  httpBackend,
  ownNodeFirst,
  rawBackend,
  RawClient,
  refusedPort,
  request,
  type ServiceSpec,
  startProxy,
  tableOf,
  until
} from "./support/Bench.ts"

/** Of two tasks `first` is asked first; `others`: further services. */
const hedged = (
  first: At,
  second: At,
  more: Partial<ServiceSpec> = {},
  after: HedgeDelay | null = 20,
  { now, others = [] }: { readonly now?: () => number; readonly others?: ReadonlyArray<ServiceSpec> } = {}
) =>
  startProxy(
    tableOf([
      { name: "s", ...(after === null ? {} : { hedgeAfter: after }), tasks: ownNodeFirst(first, second), ...more },
      ...others
    ]),
    now === undefined ? {} : { now }
  )

type Running = Awaited<ReturnType<typeof hedged>>
const results = ({ proxy }: Running) => Object.fromEntries(proxy.stats().targets.get("s")?.hedges ?? [])
const outstanding = ({ proxy }: Running) => proxy.stats().endpoints.map((endpoint) => endpoint.outstanding)

/** Takes requests and does not answer before `answer` is called. */
const silent = async () => {
  const seen: Array<string> = []
  const answers: Array<() => void> = []
  const backend = await httpBackend((req, res) => {
    seen.push(`${req.method} ${req.url}`)
    req.resume()
    answers.push(() => res.end("first"))
  })
  return { ...backend, seen, answer: () => answers.splice(0).forEach((one) => one()) }
}

const prompt = async (text = "second", status = 200) => {
  const seen: Array<string> = []
  const backend = await httpBackend((req, res) => {
    seen.push(`${req.method} ${req.url}`)
    req.resume()
    res.statusCode = status
    res.end(text)
  })
  return { ...backend, seen }
}

describe("a GET that is slow to be answered", () => {
  it("is answered by a second task, once, and the first one's connection goes", async () => {
    const slow = await silent()
    const fast = await prompt()
    const running = await hedged(slow, fast)
    const client = new RawClient(running.port).send("GET /a HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("second")
    await until(() => slow.sockets[0]?.destroyed === true, "the first task's connection is destroyed")
    slow.answer()
    client.send("GET /b HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n")
    const text = await client.end()
    expect(text.match(/HTTP\/1\.1 200/g)?.length).toBe(2)
    expect(text).not.toContain("first")
    expect(fast.seen[0]).toBe("GET /a")
    expect(results(running)["won"]).toBeGreaterThanOrEqual(1)
    expect(outstanding(running)).toEqual([0, 0])
    expect(running.proxy.stats().totals.requestsInFlight).toBe(0)
  })

  it("does not make its loser look as if it had failed, but as slow as it was", async () => {
    const slow = await silent()
    const running = await hedged(slow, await prompt())
    for (let i = 0; i < 8; i++) await request(running.port, "s")
    expect(running.events).toEqual([])
    const [first] = running.proxy.describeEndpoints()
    expect(first).toMatchObject({ task: "first", used: true, unanswered: 0, failures: 0 })
    expect(first?.latencyMs).toBeGreaterThan(10)
    expect(running.proxy.stats().targets.get("s")?.failures.size).toBe(0)
  })

  it("is answered by the first task where that is sooner, and the second one's connection goes", async () => {
    const slow = await silent()
    const other = await silent()
    const running = await hedged(slow, other)
    const answer = request(running.port, "s", { method: "HEAD" })
    await until(() => other.seen.length === 1, "the second task is asked")
    slow.answer()
    expect((await answer).status).toBe(200)
    await until(() => other.sockets[0]?.destroyed === true, "the second task's connection is destroyed")
    expect(results(running)).toEqual({ lost: 1 })
    expect(outstanding(running)).toEqual([0, 0])
  })

  it("leaves nothing behind when its client goes", async () => {
    const slow = await silent()
    const other = await silent()
    const running = await hedged(slow, other)
    const client = new RawClient(running.port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await until(() => other.seen.length === 1, "the second task is asked")
    client.socket.destroy()
    await until(() => running.proxy.stats().totals.upstreamConnections === 0, "both connections go")
    expect(results(running)).toEqual({ left: 1 })
    expect(outstanding(running)).toEqual([0, 0])
  })
})

/** A service whose requests are sent twice after 5 ms. `isSentTwice`: one that begins now has been. */
const witness = async () => {
  const [first, second] = [await silent(), await silent()]
  const service: ServiceSpec = { name: "witness", hedgeAfter: 5, tasks: ownNodeFirst(first, second, "witness-") }
  const isSentTwice = async (port: number) => {
    const answer = request(port, "witness")
    await until(() => first.seen.length === 1 && second.seen.length === 1, "the witness is sent twice")
    first.answer()
    await answer
  }
  return { service, isSentTwice }
}

describe("what is not sent twice", () => {
  const asks = async (after: HedgeDelay | null, method: string, body?: string, more: Partial<ServiceSpec> = {}) => {
    const slow = await silent()
    const other = await silent()
    const { service, isSentTwice } = await witness()
    const running = await hedged(slow, other, more, after, { others: [service] })
    const headers = body === undefined ? {} : { "content-length": body.length }
    const answer = request(running.port, "s", { method, headers, ...(body === undefined ? {} : { body }) })
    await until(() => slow.seen.length === 1, "the first task is asked")
    await isSentTwice(running.port)
    const asked = outstanding(running)[1]
    slow.answer()
    expect((await answer).body).toBe("first")
    return { asked, results: results(running) }
  }

  it("is anything without the label", async () => {
    expect(await asks(null, "GET")).toEqual({ asked: 0, results: {} })
  })

  it.each([
    ["POST", "x"],
    ["PUT", "x"],
    ["DELETE", undefined],
    ["GET", "a body"]
  ])("is a %s (body: %s)", async (method, body) => {
    expect(await asks(5, method, body)).toEqual({ asked: 0, results: {} })
  })

  it("is a request before its time, nor one of a service whose p95 is not known yet", async () => {
    expect((await asks(60_000, "GET")).asked).toBe(0)
    expect(await asks("p95", "GET")).toEqual({ asked: 0, results: {} })
  })

  it("is a request that is bound to its task by a key", async () => {
    const slow = await silent()
    const { service, isSentTwice } = await witness()
    const running = await hedged(slow, slow, { loadBalancing: "hash:header:x-key" }, 5, { others: [service] })
    const answer = request(running.port, "s", { headers: { "x-key": "k" } })
    await until(() => slow.seen.length === 1, "a task is asked")
    await isSentTwice(running.port)
    expect(outstanding(running).slice(0, 2).toSorted()).toEqual([0, 1])
    slow.answer()
    await answer
  })

  it("is the beginning of a WebSocket, however late its task agrees to it", async () => {
    const agree: Array<() => void> = []
    const slow = await rawBackend((socket) =>
      socket.once("data", () =>
        agree.push(() =>
          socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        )
      )
    )
    const { service, isSentTwice } = await witness()
    const running = await hedged(slow, slow, {}, 5, { others: [service] })
    const upgrade = "GET / HTTP/1.1\r\nHost: s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    const client = new RawClient(running.port).send(upgrade)
    await until(() => agree.length === 1, "a task is asked")
    await isSentTwice(running.port)
    expect(outstanding(running).slice(0, 2)).toEqual([1, 0])
    agree[0]?.()
    await client.receives("hello")
    expect(results(running)).toEqual({})
  })

  it("is a request of a service with one task", async () => {
    const slow = await silent()
    const running = await hedged(slow, slow, { tasks: [{ task: "only", at: slow }] }, 5)
    const answer = request(running.port, "s")
    await until(() => results(running)["no-endpoint"] === 1, "there is no second task")
    expect(slow.seen.length).toBe(1)
    slow.answer()
    expect((await answer).status).toBe(200)
  })

  it("is a request beyond the budget of retries", async () => {
    const [first, second] = [await silent(), await silent()]
    // A clock that stands still: the budget is not filled up again.
    const running = await hedged(first, second, {}, 5, { now: () => 1 })
    const answers = Array.from({ length: 160 }, () => request(running.port, "s"))
    const due = () => (results(running)["no-budget"] ?? 0) + first.seen.length + second.seen.length
    await until(() => due() === 320, "each has been sent twice or not for want of budget")
    expect(first.seen.length + second.seen.length).toBeLessThan(160 + 140)
    first.answer()
    second.answer()
    expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]))
    expect(outstanding(running)).toEqual([0, 0])
  })
})

describe("a copy of which one fails", () => {
  it("is answered by the other: the second refuses", async () => {
    const slow = await silent()
    const running = await hedged(slow, await refusedPort())
    const answer = request(running.port, "s")
    await until(() => results(running)["failed"] === 1, "the second task fails")
    slow.answer()
    expect((await answer).body).toBe("first")
    expect(running.events).toMatchObject([{ type: "endpoint-ejected", task: "second" }])
  })

  it("is answered by the other: the first closes its connection", async () => {
    const first = await rawBackend((socket) => void socket.resume())
    const second = await silent()
    const running = await hedged(first, second)
    const answer = request(running.port, "s")
    await until(() => second.seen.length === 1, "the second task is asked")
    for (const socket of first.sockets) socket.destroy()
    await until(() => running.proxy.describeEndpoints()[0]?.unanswered === 1, "the first fails")
    second.answer()
    const { body, headers } = await answer
    expect([body, headers["evenkeel-tries"]]).toEqual(["first", "2"])
    expect(outstanding(running)).toEqual([0, 0])
  })

  it("is not answered by a 503 while the other may still do better", async () => {
    const slow = await silent()
    const running = await hedged(slow, await prompt("busy", 503))
    const answer = request(running.port, "s")
    await until(() => results(running)["failed"] === 1, "the second task says 503")
    slow.answer()
    expect([(await answer).status, (await answer).body]).toEqual([200, "first"])
  })

  it("fails only when both have", async () => {
    const first = await rawBackend((socket) => void socket.resume())
    const second = await rawBackend((socket) => void socket.resume())
    const running = await hedged(first, second, { retries: 0 })
    const answer = request(running.port, "s")
    await until(() => second.sockets.length === 1, "the second task is asked")
    for (const socket of second.sockets) socket.destroy()
    await until(() => results(running)["failed"] === 1, "the second fails")
    for (const socket of first.sockets) socket.destroy()
    expect((await answer).status).toBe(502)
    expect(outstanding(running)).toEqual([0, 0])
  })
})

describe("hedging by p95", () => {
  it("begins when enough is known, and then at that time", async () => {
    let stall = false
    const stalled: Array<() => void> = []
    const first = await httpBackend((_, res) => {
      if (stall) stalled.push(() => res.end("first"))
      else res.end("first")
    })
    const second = await prompt()
    const running = await hedged(first, second, {}, "p95")
    for (let i = 0; i < 60; i++) await request(running.port, "s")
    expect(running.proxy.describeRoutes()[0]?.firstByteP95Ms).toBeGreaterThan(0)
    const before = second.seen.length
    expect(results(running)["won"] ?? 0).toBe(0)
    stall = true
    await until(() => {
      void request(running.port, "s").catch(() => undefined)
      return (results(running)["won"] ?? 0) > 0
    }, "a slow request is answered by the second task")
    expect(second.seen.length).toBeGreaterThan(before)
    for (const one of stalled) one()
  })
})
