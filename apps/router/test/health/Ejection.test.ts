import { describe, expect, it } from "vitest"
import { clock, httpBackend, request, startProxy, tableOf, until } from "../proxy/support/Bench.ts"

/** A task whose answers can be changed; `{ hang: true }` gives none. */
const task = async (name: string) => {
  const state = { status: 200, reset: false, requests: 0 }
  const backend = await httpBackend((req, res) => {
    state.requests++
    if (state.reset) return void req.socket.destroy()
    res.statusCode = state.status
    res.end(name)
  })
  return { ...backend, state }
}

describe("answers of 502, 503 and 504", () => {
  it("put a task out after five in a row, and one good answer to a probe brings it back", async () => {
    const a = await task("a")
    const b = await task("b")
    const { now, forward } = clock()
    const { port, events } = await startProxy(
      tableOf([
        {
          name: "s",
          loadBalancing: "round-robin",
          tasks: [
            { task: "ta", at: a },
            { task: "tb", at: b }
          ]
        }
      ]),
      { now }
    )
    a.state.status = 503
    for (let i = 0; i < 20; i++) await request(port, "s")
    expect(a.state.requests).toBe(5)
    expect(events).toMatchObject([{ type: "endpoint-ejected", task: "ta", cause: "status-503", forMs: 5_000 }])
    // Still bad when it is tried again: out for twice as long.
    forward(5_001)
    for (let i = 0; i < 6; i++) await request(port, "s")
    expect(a.state.requests).toBe(6)
    expect(events[1]).toMatchObject({ type: "endpoint-ejected", task: "ta", forMs: 10_000 })
    forward(10_001)
    a.state.status = 200
    for (let i = 0; i < 6; i++) await request(port, "s")
    expect(a.state.requests).toBeGreaterThan(7)
    expect(events[2]).toMatchObject({ type: "endpoint-readmitted", task: "ta" })
  })

  it("are counted in a row only, and an answer of 500 is the application's own affair", async () => {
    const a = await task("a")
    const b = await task("b")
    const { port, events } = await startProxy(
      tableOf([
        {
          name: "s",
          loadBalancing: "round-robin",
          tasks: [
            { task: "ta", at: a },
            { task: "tb", at: b }
          ]
        }
      ])
    )
    for (const status of [503, 503, 503, 503, 200, 503, 503, 503, 503]) {
      a.state.status = status
      b.state.status = status
      await request(port, "s")
      await request(port, "s")
    }
    a.state.status = 500
    b.state.status = 500
    for (let i = 0; i < 20; i++) expect((await request(port, "s")).status).toBe(500)
    expect(events).toEqual([])
  })

  it("never put out more than half of a service's tasks", async () => {
    const all = await Promise.all(["a", "b", "c"].map(task))
    const { proxy, port, events } = await startProxy(
      tableOf([{ name: "s", loadBalancing: "round-robin", tasks: all.map((at, i) => ({ task: `t${i}`, at })) }])
    )
    for (const { state } of all) state.status = 502
    for (let i = 0; i < 60; i++) expect((await request(port, "s")).status).toBe(502)
    expect(events.map(({ type }) => type)).toEqual(["endpoint-ejected"])
    expect(proxy.describeEndpoints().filter(({ used }) => used).length).toBe(2)
  })
})

describe("connections that are refused", () => {
  it("are facts: they put out more than half of a service's tasks, and no request is lost to it", async () => {
    const all = await Promise.all(["a", "b", "c"].map(task))
    const { port, events } = await startProxy(
      tableOf([{ name: "s", loadBalancing: "least", tasks: all.map((at, i) => ({ task: `t${i}`, at })) }])
    )
    for (const one of all.slice(0, 2)) await one.stop()
    for (let i = 0; i < 20; i++) expect((await request(port, "s")).body).toBe("c")
    expect(events.map((event) => event.type === "endpoint-ejected" && event.cause)).toEqual(Array(2).fill("connect"))
  })
})

describe("requests without an answer", () => {
  it("never put out the only task, which may be slow rather than dead", async () => {
    const only = await task("only")
    only.state.reset = true
    const { port, events } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t", at: only }] }]))
    for (let i = 0; i < 12; i++) expect((await request(port, "s", { method: "POST" })).status).toBe(502)
    only.state.reset = false
    expect((await request(port, "s")).body).toBe("only")
    expect(events).toEqual([])
  })
})

describe("the feed's word", () => {
  it("wins over what was seen: a task it takes back gets nothing, a task it brings is in", async () => {
    const a = await task("a")
    const b = await task("b")
    const table = (state: "ready" | "draining", second: string) =>
      tableOf([
        {
          name: "s",
          tasks: [
            { task: "ta", at: a, state },
            { task: second, at: b }
          ]
        }
      ])
    const { proxy, port } = await startProxy(table("ready", "t1"))
    await b.stop()
    for (let i = 0; i < 4; i++) expect((await request(port, "s")).body).toBe("a")
    expect(proxy.describeEndpoints().find(({ task }) => task === "t1")?.used).toBe(false)
    await httpBackend((_, res) => res.end("again"), "127.0.0.1", b.port)
    proxy.setTable(table("draining", "t2"))
    for (let i = 0; i < 4; i++) expect((await request(port, "s")).body).toBe("again")
  })
})

describe("a new task", () => {
  it("starts slowly beside those that are known, and at once where all are new", async () => {
    const a = await task("a")
    const b = await task("b")
    const table = (...names: ReadonlyArray<string>) =>
      tableOf([{ name: "s", tasks: names.map((name) => ({ task: name, at: name === "a" ? a : b })) }])
    const { proxy, port } = await startProxy(table("a"))
    const warmth = () => Object.fromEntries(proxy.describeEndpoints().map((one) => [one.task, one.warmth]))
    expect(warmth()).toEqual({ a: 1 })
    await request(port, "s")
    proxy.setTable(table("a", "b"))
    expect(warmth()).toEqual({ a: 1, b: 0.1 })
    for (let i = 0; i < 5; i++) await request(port, "s")
    expect([a.state.requests, b.state.requests]).toEqual([6, 0])
    proxy.setTable(table("b2"))
    await until(() => proxy.describeEndpoints().length === 1, "only the newest is left")
    expect(warmth()).toEqual({ b2: 1 })
  })
})
