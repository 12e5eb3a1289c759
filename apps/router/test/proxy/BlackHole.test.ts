import { describe, expect, it } from "vitest"
import { httpBackend, request, startProxy, tableOf, until } from "./support/Bench.ts"
import { blackHole } from "./support/BlackHole.ts"

describe("addresses from which nothing comes back", () => {
  it("cost no request; two of one node within the window make the node suspect", async () => {
    const hole = await blackHole()
    const good = await httpBackend((req, res) => void req.pipe(res))
    const timeouts = { connectMillis: 50 }
    const { port, proxy, events } = await startProxy(
      tableOf(
        [
          { name: "a", timeouts, tasks: [{ task: "a1", node: "node-lost", at: hole }] },
          { name: "b", timeouts, tasks: [{ task: "b1", node: "node-lost", at: hole }] },
          { name: "c", timeouts, tasks: [{ task: "c1", node: "node-lost", at: hole }] },
          { name: "d", timeouts, tasks: [{ task: "d1", node: "node-good", at: good }] }
        ],
        [{ host: "group", services: ["a", "b", "c", "d"] }]
      )
    )
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => request(port, "group", { method: "POST", body: `body ${i}` }))
    )
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_, i) => `body ${i}`))
    expect(events.filter(({ type }) => type === "node-suspect")).toMatchObject([
      { node: "node-lost", source: "timeouts" }
    ])
    // The third is out with its node, whether or not anything was sent to it.
    expect(proxy.describeRoutes()[0]?.endpoints.map(({ used }) => used)).toEqual([false, false, false, true])
    await until(() => proxy.stats().totals.requestsInFlight === 0, "all have ended")
  })

  it("are told to the client when there is no other", async () => {
    const hole = await blackHole()
    const { port } = await startProxy(
      tableOf([{ name: "s", retries: 1, timeouts: { connectMillis: 50 }, tasks: [{ task: "t", at: hole }] }])
    )
    const answer = await request(port, "s")
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([504, "connect-timeout"])
  })

  it("leave requests waiting for a new task, which takes them", async () => {
    const hole = await blackHole()
    const good = await httpBackend((_, res) => res.end("new"))
    const table = (task: string, at: { host: string; port: number }) =>
      tableOf([
        { name: "s", holdMillis: 20_000, timeouts: { connectMillis: 50 }, tasks: [{ task, node: `node-${task}`, at }] }
      ])
    const { port, proxy } = await startProxy(table("old", hole))
    const answers = Promise.all(Array.from({ length: 10 }, () => request(port, "s", { method: "POST", body: "x" })))
    await until(() => proxy.stats().heldNow >= 9, "requests wait")
    proxy.setTable(table("new", good))
    expect(new Set((await answers).map(({ body }) => body))).toEqual(new Set(["new"]))
  })
})
