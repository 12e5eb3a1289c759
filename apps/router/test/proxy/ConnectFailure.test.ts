import { describe, expect, it } from "vitest"
import { httpBackend, refusedPort, request, startProxy, tableOf, until } from "./support/Bench.ts"

describe("a task that refuses connections", () => {
  it("costs no request, a POST neither, and gets nothing for a while", async () => {
    const refused = await refusedPort()
    const good = await httpBackend((req, res) => void req.pipe(res))
    const { port, proxy, events } = await startProxy(
      tableOf([
        {
          name: "s",
          tasks: [
            { task: "bad", node: "node-router", at: refused },
            { task: "good", node: "n2", at: good }
          ]
        }
      ])
    )
    for (let i = 0; i < 4; i++) expect((await request(port, "s", { method: "POST", body: `b${i}` })).body).toBe(`b${i}`)
    expect(events.map(({ type }) => type)).toEqual(["endpoint-ejected"])
    expect(proxy.stats().targets.get("s")?.retries).toBe(1)
    expect(proxy.describeRoutes()[0]?.endpoints[0]?.reason).toContain("failed 1 times")
  })

  it("is taken back by the first real request that it answers after the back-off", async () => {
    const refused = await refusedPort()
    const good = await httpBackend((_, res) => res.end("good"))
    let clock = 1_000
    const { port, events } = await startProxy(
      tableOf([
        {
          name: "s",
          tasks: [
            { task: "bad", node: "node-router", at: refused },
            { task: "good", node: "n2", at: good }
          ]
        }
      ]),
      { now: () => clock }
    )
    expect((await request(port, "s")).body).toBe("good")
    await httpBackend((_, res) => res.end("back"), refused.host, refused.port)
    expect((await request(port, "s")).body).toBe("good")
    clock += 1_500
    expect((await request(port, "s")).body).toBe("back")
    expect(events.map(({ type }) => type)).toEqual(["endpoint-ejected", "endpoint-readmitted"])
  })

  it("stays out longer with each failure", async () => {
    const refused = await refusedPort()
    const good = await httpBackend((_, res) => res.end("good"))
    let clock = 1_000
    const { port, events } = await startProxy(
      tableOf([
        {
          name: "s",
          tasks: [
            { task: "bad", node: "node-router", at: refused },
            { task: "good", node: "n2", at: good }
          ]
        }
      ]),
      { now: () => clock }
    )
    for (let i = 0; i < 4; i++) {
      await request(port, "s")
      clock += 100_000
    }
    expect(events.map((event) => (event.type === "endpoint-ejected" ? event.forMs : event.type))).toEqual([
      1_000, 2_000, 4_000, 8_000
    ])
  })

  it("is told to the client when there is no other", async () => {
    const refused = await refusedPort()
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "bad", at: refused }] }]))
    const answer = await request(port, "s")
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([502, "connect"])
    // Even while it is out it is tried: nothing better is known.
    await httpBackend((_, res) => res.end("back"), refused.host, refused.port)
    expect((await request(port, "s")).body).toBe("back")
  })

  it("does not make many requests at once fail many times", async () => {
    const refused = await refusedPort()
    const good = await httpBackend((_, res) => res.end("good"))
    const { port, proxy } = await startProxy(
      tableOf([
        {
          name: "s",
          tasks: [
            { task: "bad", node: "node-router", at: refused },
            { task: "good", node: "n2", at: good }
          ]
        }
      ])
    )
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => request(port, "s", { method: "POST", body: "x" }))
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    await until(() => proxy.stats().totals.requestsInFlight === 0, "all requests end")
    expect(proxy.stats().endpoints.map(({ outstanding }) => outstanding)).toEqual([0, 0])
  })
})
