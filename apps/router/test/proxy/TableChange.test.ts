import { describe, expect, it } from "vitest"
import { httpBackend, request, startProxy, tableOf, until } from "./support/Bench.ts"
import { blackHole } from "./support/BlackHole.ts"

describe("a change of the table", () => {
  it("takes requests still connecting to a task that is gone to one that has come", async () => {
    const hole = await blackHole()
    const good = await httpBackend((_, res) => res.end("new"))
    const table = (task: string, at: { host: string; port: number }) =>
      tableOf([{ name: "s", retries: 0, timeouts: { connectMillis: 60_000 }, tasks: [{ task, at }] }])
    const { proxy, port } = await startProxy(table("old", hole))
    const answer = request(port, "s", { method: "POST", body: "x" })
    await until(() => proxy.stats().totals.upstreamConnections === 1, "the request connects")
    proxy.setTable(table("new", good))
    expect((await answer).body).toBe("new")
    expect(proxy.stats().targets.get("s")?.moves).toBe(1)
  })

  it("that gives a task another address is followed", async () => {
    const [one, two] = await Promise.all([httpBackend((_, res) => res.end("1")), httpBackend((_, res) => res.end("2"))])
    const table = (at: { host: string; port: number }) => tableOf([{ name: "s", tasks: [{ task: "t", at }] }])
    const { proxy, port } = await startProxy(table(one))
    expect((await request(port, "s")).body).toBe("1")
    proxy.setTable(table(two))
    expect((await request(port, "s")).body).toBe("2")
    expect(proxy.stats().endpoints.map(({ task, address }) => [task, address])).toEqual([
      ["t", `127.0.0.1:${two.port}`]
    ])
    await until(() => proxy.stats().totals.upstreamConnections === 1, "the old connection is gone")
  })

  it("keeps what was learnt of tasks that stay, and forgets the others", async () => {
    const backend = await httpBackend((_, res) => res.end("ok"))
    const table = (...tasks: ReadonlyArray<string>) =>
      tableOf([{ name: "s", tasks: tasks.map((task) => ({ task, at: backend })) }])
    const { proxy, port } = await startProxy(table("a"))
    await request(port, "s")
    proxy.setTable(table("a", "b"))
    expect(proxy.stats().endpoints.map(({ task, idleConnections }) => [task, idleConnections])).toEqual([
      ["a", 1],
      ["b", 0]
    ])
    proxy.setTable(table("b"))
    expect(proxy.stats().endpoints.map(({ task }) => task)).toEqual(["b"])
    expect(proxy.stats().poolIdle).toBe(0)
  })

  it("keeps the counts of a service that stays", async () => {
    const backend = await httpBackend((_, res) => res.end("ok"))
    const table = () => tableOf([{ name: "s", tasks: [{ task: "t", at: backend }] }])
    const { proxy, port } = await startProxy(table())
    await request(port, "s")
    proxy.setTable(table())
    await request(port, "s")
    const stats = proxy.stats().targets.get("s")
    expect([stats?.requests, stats?.byClass[2]]).toEqual([2, 2])
    expect(stats?.latency.reduce((sum, n) => sum + n, 0)).toBe(2)
  })
})
