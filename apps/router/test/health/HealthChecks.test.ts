import { describe, expect, it } from "vitest"
import { httpBackend, rawBackend, request, startProxy, tableOf, until } from "../proxy/support/Bench.ts"

/** A task that serves everything, and answers its check with `status.value`. */
const checked = async (name: string) => {
  const status = { value: 200 }
  const checks: Array<string> = []
  const backend = await httpBackend((req, res) => {
    if (req.url === "/healthz") {
      checks.push(`${req.method} ${req.headers.host} ${req.headers.connection}`)
      res.statusCode = status.value
    }
    res.end(name)
  })
  return { ...backend, status, checks }
}

const service = (backends: ReadonlyArray<{ readonly host: string; readonly port: number }>) =>
  tableOf([{ name: "s", health: {}, tasks: backends.map((at, i) => ({ task: `t${i}`, at })) }])

describe("active checks", () => {
  it("are made where a label asks, and put a task out after `fall` bad answers and in again after `rise` good ones", async () => {
    const a = await checked("a")
    const b = await checked("b")
    const { proxy, port, events } = await startProxy(service([a, b]))
    await until(() => a.checks.length >= 2 && b.checks.length >= 2, "both are checked")
    expect(a.checks[0]).toBe("GET s close")
    a.status.value = 503
    await until(() => events.length === 1, "a is out")
    expect(events[0]).toMatchObject({ type: "health-check-failed", task: "t0", cause: "status-503", out: true })
    for (let i = 0; i < 6; i++) expect((await request(port, "s")).body).toBe("b")
    expect(proxy.describeRoutes()[0]?.endpoints[0]?.reason).toContain("evenkeel.health")
    a.status.value = 204
    await until(() => events.length === 2, "a is in again")
    expect(events[1]).toMatchObject({ type: "health-check-passed", task: "t0", cause: "status-204" })
    expect(proxy.describeEndpoints().every(({ used }) => used)).toBe(true)
  })

  it("put out no more than half of a service's tasks", async () => {
    const all = await Promise.all(["a", "b", "c", "d"].map(checked))
    for (const { status } of all) status.value = 500
    const { proxy, port, events } = await startProxy(service(all))
    await until(() => events.length === 4, "each is found bad")
    expect(events.map((event) => event.type === "health-check-failed" && event.out).filter(Boolean).length).toBe(2)
    expect(proxy.describeEndpoints().filter(({ used }) => used).length).toBe(2)
    expect((await request(port, "s")).status).toBe(200)
  })

  it("are not heeded where every other task is gone", async () => {
    const a = await checked("a")
    const b = await checked("b")
    const { port, events } = await startProxy(service([a, b]))
    a.status.value = 500
    await until(() => events.length === 1, "a is out")
    await b.stop()
    for (let i = 0; i < 10; i++) expect((await request(port, "s")).body).toBe("a")
  })

  it("take silence, a refused connection, and what is not HTTP for bad", async () => {
    const mute = await rawBackend(() => undefined)
    const odd = await rawBackend((socket) => void socket.end("SSH-2.0-x\r\n"))
    const good = await checked("good")
    const fine = await checked("fine")
    const { proxy, events } = await startProxy(
      tableOf([
        {
          name: "s",
          health: { timeoutMillis: 40 },
          tasks: [mute, odd, good, fine].map((at, i) => ({ task: `t${i}`, at }))
        }
      ])
    )
    await until(() => events.length === 2, "two are out")
    const causes = Object.fromEntries(events.map((event) => ("cause" in event ? [event.task, event.cause] : [])))
    expect(causes).toEqual({ t0: "timeout", t1: "not-http" })
    expect(
      proxy
        .describeEndpoints()
        .filter(({ used }) => used)
        .map(({ task }) => task)
    ).toEqual(["t2", "t3"])
    await good.stop()
    await until(() => good.sockets.every(({ destroyed }) => destroyed), "its connections are closed")
  })

  it("bring back a task that was ejected without waiting for its back-off", async () => {
    const a = await checked("a")
    const b = await checked("b")
    const { proxy, port, events } = await startProxy(
      tableOf([
        {
          name: "s",
          loadBalancing: "round-robin",
          health: { fall: 1_000 },
          tasks: [
            { task: "ta", at: a },
            { task: "tb", at: b }
          ]
        }
      ]),
      { limits: { ejectionBaseMs: 600_000, ejectionMaxMs: 600_000 } }
    )
    await a.stop()
    await request(port, "s")
    await request(port, "s")
    expect(events).toMatchObject([{ type: "endpoint-ejected", task: "ta" }])
    await httpBackend((_, res) => res.end("a"), "127.0.0.1", a.port)
    await until(() => events.length === 2, "it is readmitted")
    expect(events[1]).toMatchObject({ type: "endpoint-readmitted", task: "ta" })
    expect(proxy.describeEndpoints().every(({ used }) => used)).toBe(true)
  })

  it("stop when the label goes, and with the task", async () => {
    const a = await checked("a")
    a.status.value = 500
    const b = await checked("b")
    const { proxy, events } = await startProxy(service([a, b]))
    await until(() => events.length === 1, "a is out")
    const without = tableOf([{ name: "s", tasks: [{ task: "t0", at: a }] }])
    proxy.setTable(without)
    expect(proxy.describeEndpoints().map(({ task, used }) => [task, used])).toEqual([["t0", true]])
    const before = a.checks.length + b.checks.length
    const c = await checked("c")
    proxy.setTable(tableOf([{ name: "other", health: {}, tasks: [{ task: "t9", at: c }] }]))
    await until(() => c.checks.length >= 5, "the other service is checked")
    // One may have been under way.
    expect(a.checks.length + b.checks.length).toBeLessThanOrEqual(before + 1)
  })
})
