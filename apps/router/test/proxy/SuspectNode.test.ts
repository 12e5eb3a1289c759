import * as http from "node:http"
import { describe, expect, it } from "vitest"
import { type Backend, clock, httpBackend, RawClient, request, startProxy, tableOf, until } from "./support/Bench.ts"

/** A task that takes connections and requests and never answers, as one on a node cut off does. */
const mute = async () => {
  const seen: Array<string> = []
  const backend = await httpBackend((req) => void seen.push(`${req.method} ${req.url}`))
  return { ...backend, seen }
}

const twoNodes = (lost: Backend, good: Backend) =>
  tableOf([
    {
      name: "s",
      tasks: [
        { task: "lost", node: "node-lost", at: lost },
        { task: "good", node: "node-good", at: good, state: "draining" }
      ]
    }
  ])

const bothReady = (lost: Backend, good: Backend) =>
  tableOf([
    {
      name: "s",
      tasks: [
        { task: "lost", node: "node-lost", at: lost },
        { task: "good", node: "node-good", at: good }
      ]
    }
  ])

describe("a node that falls silent", () => {
  it("has its unanswered requests moved at once, except those that may not be sent twice", async () => {
    const lost = await mute()
    const good = await httpBackend((req, res) => res.end(`good ${req.method}`))
    const { proxy, port, events } = await startProxy(twoNodes(lost, good))
    const get = request(port, "s", { path: "/get" })
    const put = request(port, "s", { path: "/put", method: "PUT", body: "x" })
    const post = request(port, "s", { path: "/post", method: "POST", body: "x" })
    await until(() => lost.seen.length === 3, "the requests are with the lost task")
    proxy.setTable(bothReady(lost, good))
    proxy.setSuspectNodes(new Set(["node-lost"]))
    expect((await get).body).toBe("good GET")
    expect((await put).body).toBe("good PUT")
    expect(events).toEqual([{ type: "node-suspect", node: "node-lost", source: "silent", moved: 2 }])
    proxy.setTable(tableOf([{ name: "s", tasks: [{ task: "good", node: "node-good", at: good }] }]))
    const refused = await post
    expect([refused.status, refused.headers["evenkeel-reason"]]).toEqual([502, "node-suspect"])
    const stats = proxy.stats().targets.get("s")
    expect([stats?.moves, stats?.retries]).toEqual([2, 0])
  })

  it("answers what it was only slow with, if that may not be sent twice", async () => {
    const answers: Array<http.ServerResponse> = []
    const slow = await httpBackend((_, res) => void answers.push(res))
    const { proxy, port } = await startProxy(
      tableOf([{ name: "s", tasks: [{ task: "t", node: "node-lost", at: slow }] }])
    )
    const post = request(port, "s", { method: "POST", body: "x" })
    await until(() => answers.length === 1, "the request is with the task")
    proxy.setSuspectNodes(new Set(["node-lost"]))
    answers[0]?.end("done once")
    expect((await post).body).toBe("done once")
    expect(answers).toHaveLength(1)
  })

  it("gets nothing new while there are others, and no connection of it is kept", async () => {
    const both = await Promise.all(["a", "b"].map((name) => httpBackend((_, res) => res.end(name))))
    const [a, b] = both
    if (a === undefined || b === undefined) throw new Error("two backends")
    const { now, forward } = clock()
    const { proxy, port } = await startProxy(bothReady(a, b), { now })
    await Promise.all(Array.from({ length: 10 }, () => request(port, "s")))
    forward(1_000)
    proxy.setSuspectNodes(new Set(["node-lost"]))
    expect(proxy.stats().endpoints.find(({ task }) => task === "lost")?.idleConnections).toBe(0)
    for (let i = 0; i < 10; i++) expect((await request(port, "s")).body).toBe("b")
    proxy.setSuspectNodes(new Set())
    expect(proxy.describeRoutes()[0]?.endpoints.map(({ used }) => used)).toEqual([true, true])
  })

  it("leaves requests waiting when it has all the tasks, until another node has one", async () => {
    const lost = await mute()
    const good = await httpBackend((_, res) => res.end("good"))
    const table = (at: Backend, task: string, node: string) =>
      tableOf([{ name: "s", holdMillis: 20_000, tasks: [{ task, node, at }] }])
    const { proxy, port } = await startProxy(table(lost, "t1", "node-lost"), { limits: { probePaceMs: 1_000_000 } })
    const answers = Promise.all([request(port, "s"), request(port, "s")])
    await until(() => lost.seen.length === 2, "the requests are with the lost task")
    proxy.setSuspectNodes(new Set(["node-lost"]))
    // One of the two is the probe; the other waits.
    await until(() => proxy.stats().heldNow === 1 && lost.seen.length === 3, "one waits, one probes")
    proxy.setTable(table(good, "t2", "node-good"))
    expect((await answers).map(({ body }) => body)).toEqual(["good", "good"])
  })

  it("is vouched for by a task of it that answers", async () => {
    const only = await httpBackend((_, res) => res.end("alive"))
    const { proxy, port, events } = await startProxy(
      tableOf([{ name: "s", holdMillis: 5_000, tasks: [{ task: "t", node: "node-lost", at: only }] }])
    )
    proxy.setSuspectNodes(new Set(["node-lost"]))
    expect((await request(port, "s")).body).toBe("alive")
    expect(events.map(({ type }) => type)).toEqual(["node-suspect", "node-cleared"])
    proxy.setSuspectNodes(new Set(["node-lost"]))
    expect(proxy.describeRoutes()[0]?.endpoints[0]?.used).toBe(true)
  })

  it("is not suspect for a moment if a task of it answered just now: only its router died", async () => {
    const only = await httpBackend((_, res) => res.end("alive"))
    const { proxy, port, events } = await startProxy(
      tableOf([{ name: "s", tasks: [{ task: "t", node: "node-lost", at: only }] }])
    )
    await request(port, "s")
    proxy.setSuspectNodes(new Set(["node-lost"]))
    expect(events).toEqual([])
    expect(proxy.describeRoutes()[0]?.endpoints[0]?.used).toBe(true)
    for (let i = 0; i < 5; i++) expect((await request(port, "s")).body).toBe("alive")
    expect(events).toEqual([])
  })

  it("becomes suspect once its tasks stop answering too", async () => {
    const lost = await httpBackend((req, res) => void (req.url === "/last" && res.end("last word")))
    const good = await httpBackend((_, res) => res.end("good"))
    const { now, forward } = clock()
    const { proxy, port, events } = await startProxy(twoNodes(lost, good), { now })
    expect((await request(port, "s", { path: "/last" })).body).toBe("last word")
    proxy.setSuspectNodes(new Set(["node-lost"]))
    const stuck = request(port, "s")
    await until(() => proxy.stats().endpoints.some(({ outstanding }) => outstanding === 1), "the request is sent")
    expect(events).toEqual([])
    proxy.setTable(bothReady(lost, good))
    forward(1_600)
    expect((await stuck).body).toBe("good")
    expect(events.map(({ type }) => type)).toEqual(["node-suspect"])
  })

  it("is never the router's own", async () => {
    const own = await httpBackend((_, res) => res.end("own"))
    const { proxy, events } = await startProxy(
      tableOf([{ name: "s", tasks: [{ task: "t", node: "node-router", at: own }] }])
    )
    proxy.setSuspectNodes(new Set(["node-router"]))
    expect(events).toEqual([])
  })

  it("loses its streams once Swarm has given the task up too", async () => {
    const lost = await httpBackend((_, res: http.ServerResponse) => void res.write("begun "))
    const { now, forward } = clock()
    const { proxy, port } = await startProxy(
      tableOf([{ name: "s", tasks: [{ task: "t", node: "node-lost", at: lost }] }]),
      { now }
    )
    const client = new RawClient(port).send("GET / HTTP/1.1\r\nHost: s\r\n\r\n")
    await client.receives("begun")
    forward(1_000)
    proxy.setSuspectNodes(new Set(["node-lost"]))
    expect(client.closed).toBe(false)
    proxy.setTable(tableOf([{ name: "s", tasks: [] }]))
    await client.end()
    expect(client.text).not.toContain("0\r\n\r\n")
  })
})
