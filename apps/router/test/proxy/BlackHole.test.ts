import { describe, expect, it } from "vitest"
import { clock, httpBackend, request, startProxy, tableOf, until } from "./support/Bench.ts"
import { blackHole, mortal } from "./support/BlackHole.ts"

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

  it(
    "make their node suspect long before connections time out, if two of them say nothing",
    { timeout: 20_000 },
    async () => {
      const holes = await Promise.all([blackHole(), blackHole()])
      const good = await httpBackend((_, res) => res.end("good"))
      const lost = holes.map((at, i) => ({ task: `lost-${i}`, node: "node-lost", at }))
      const { port, proxy, events } = await startProxy(
        tableOf([{ name: "s", timeouts: { connectMillis: 60_000 }, tasks: lost }])
      )
      const answers = [request(port, "s", { method: "POST", body: "x" }), request(port, "s")]
      await until(() => proxy.stats().endpoints.every(({ outstanding }) => outstanding === 1), "both are asked")
      proxy.setTable(tableOf([{ name: "s", tasks: [...lost, { task: "good", node: "node-good", at: good }] }]))
      expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(["good", "good"])
      expect(events).toMatchObject([{ type: "node-suspect", node: "node-lost", source: "timeouts", moved: 2 }])
    }
  )

  it.each([1, 2])(
    "are found though requests go over connections that were made before: %i on a node",
    { timeout: 20_000 },
    async (count) => {
      const doomed = await Promise.all(Array.from({ length: count }, mortal))
      const good = await httpBackend((_, res) => res.end("good"))
      const lost = doomed.map((at, i) => ({ task: `lost-${i}`, node: "node-lost", at }))
      const { port, proxy, events } = await startProxy(tableOf([{ name: "s", holdMillis: 20_000, tasks: lost }]))
      const send = () => Promise.all(lost.map(() => request(port, "s").then(({ body }) => body)))
      expect(await send()).toEqual(lost.map(() => "alive"))
      const idle = proxy.stats().poolIdle
      for (const { fallSilent } of doomed) await fallSilent()
      const answers = send()
      await until(() => proxy.stats().poolIdle === idle - count, "they go over kept connections")
      const all = [...lost, { task: "good", node: "node-good", at: good }]
      proxy.setTable(tableOf([{ name: "s", holdMillis: 20_000, tasks: all }]))
      expect(await answers).toEqual(lost.map(() => "good"))
      expect(events.find(({ type }) => type === "node-suspect")).toMatchObject({
        node: "node-lost",
        source: "timeouts"
      })
    }
  )

  it("are not taken for tasks that are slow: those are connected to", async () => {
    const slow = await Promise.all([1, 2].map(() => httpBackend(() => undefined)))
    const hole = await blackHole()
    const { now, forward } = clock()
    const { port, proxy, events } = await startProxy(
      tableOf([
        { name: "slow", tasks: slow.map((at, i) => ({ task: `slow-${i}`, node: "node-slow", at })) },
        {
          name: "hole",
          timeouts: { connectMillis: 700 },
          retries: 0,
          tasks: [{ task: "h", node: "node-lost", at: hole }]
        }
      ]),
      { now }
    )
    const asked = [request(port, "slow"), request(port, "slow"), request(port, "slow", { method: "POST" })]
    const stats = () => proxy.stats().endpoints
    const refused = request(port, "hole")
    await until(() => stats().reduce((sum, { outstanding }) => sum + outstanding, 0) === 4, "all are asked")
    await until(() => slow.every(({ sockets }) => sockets.length > 0), "the slow ones are connected to")
    forward(800)
    // By then the tick in which they would have been judged is over.
    expect((await refused).status).toBe(504)
    expect(events.filter(({ type }) => type === "node-suspect")).toEqual([])
    proxy.setTable(tableOf([]))
    for (const { stop } of slow) await stop()
    await Promise.all(asked)
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
