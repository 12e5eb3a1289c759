import { describe, expect, it } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import {
  afterwards,
  type Answer,
  type Backend,
  httpBackend,
  request,
  startProxy,
  tableOf,
  until
} from "../proxy/support/Bench.ts"
import { counted } from "./pool.fixture.ts"

/** Tasks that answer with their names. */
const tasks = (...names: ReadonlyArray<string>) =>
  Promise.all(names.map((name) => httpBackend((_, res) => res.end(name))))

const specs = <B extends Backend>(backends: ReadonlyArray<B>, prefix = "t") =>
  backends.map((at, i) => ({ task: `${prefix}${i}`, at }))

const bodies = async (times: number, ask: (i: number) => Promise<Answer>): Promise<ReadonlyArray<string>> => {
  const all: Array<string> = []
  for (let i = 0; i < times; i++) all.push((await ask(i)).body)
  return all
}

const cookieOf = (answer: Answer): string => (answer.headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? ""

describe("a request follows evenkeel.lb:", () => {
  it("round-robin takes the tasks in turn", async () => {
    const { port } = await startProxy(
      tableOf([{ name: "s", loadBalancing: "round-robin", tasks: specs(await tasks("a", "b", "c")) }])
    )
    expect((await bodies(6, () => request(port, "s"))).join("")).toBe("abcabc")
  })

  it("least avoids the task that has requests under way", async () => {
    const held = await httpBackend((req, res) => void (req.url !== "/stay" && res.end("held")))
    const [free] = await tasks("free")
    if (free === undefined) throw new Error("a backend")
    const { proxy, port } = await startProxy(
      tableOf([{ name: "s", loadBalancing: "least", tasks: specs([held, free]) }])
    )
    const stays = request(port, "s", { path: "/stay" }).catch(() => undefined)
    await until(() => proxy.stats().totals.requestsInFlight === 1, "the request is under way")
    const busy = proxy.describeEndpoints().find(({ outstanding }) => outstanding === 1)
    if (busy?.task !== "t0") throw new Error("the first request goes to the first task")
    expect(await bodies(4, () => request(port, "s"))).toEqual(["free", "free", "free", "free"])
    await held.stop()
    await stays
  })

  it("hash:header keeps a value with its task, and the others are spread", async () => {
    const { port } = await startProxy(
      tableOf([{ name: "s", loadBalancing: "hash:header:X-Tenant", tasks: specs(await tasks("a", "b", "c", "d")) }])
    )
    const ask = (tenant: string) => request(port, "s", { headers: { "x-tenant": tenant } })
    const first = await bodies(20, (i) => ask(`tenant-${i}`))
    expect(await bodies(20, (i) => ask(`tenant-${i}`))).toEqual(first)
    expect(Object.keys(counted(first)).length).toBe(4)
  })

  it("hash:path and hash:cookie do so too, and a task that goes away hands its keys on", async () => {
    const backends = await tasks("a", "b", "c")
    const table = (from: number) =>
      tableOf([
        { name: "p", loadBalancing: "hash:path:1", tasks: specs(backends, "p").slice(from) },
        { name: "c", loadBalancing: "hash:cookie:user", tasks: specs(backends, "c").slice(from) }
      ])
    const { proxy, port } = await startProxy(table(0))
    const byPath = () => bodies(12, (i) => request(port, "p", { path: `/room-${i}/x?y` }))
    const byCookie = () => bodies(12, (i) => request(port, "c", { headers: { cookie: `a=b; user=u${i}` } }))
    const before = [await byPath(), await byCookie()]
    expect([await byPath(), await byCookie()]).toEqual(before)
    proxy.setTable(table(1))
    for (const [i, places] of [await byPath(), await byCookie()].entries())
      for (const [k, place] of places.entries()) {
        expect(place).not.toBe("a")
        if (before[i]?.[k] !== "a") expect(place).toBe(before[i]?.[k])
      }
  })
})

describe("sticky", () => {
  const service = async () => ({
    name: "s",
    loadBalancing: "sticky" as const,
    tasks: specs(await tasks("a", "b", "c"))
  })

  it("binds a client to a task by a signed cookie, and sends it once", async () => {
    const { port } = await startProxy(tableOf([await service()]), { stickyKey: "shared" })
    const first = await request(port, "s")
    const line = first.headers["set-cookie"]?.[0] ?? ""
    expect(line).toMatch(/^evenkeel-[0-9a-f]{8}=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/)
    const cookie = cookieOf(first)
    const later = await Promise.all(Array.from({ length: 9 }, () => request(port, "s", { headers: { cookie } })))
    expect(later.map(({ body }) => body)).toEqual(Array.from({ length: 9 }, () => first.body))
    expect(later.every(({ headers }) => headers["set-cookie"] === undefined)).toBe(true)
  })

  it("is understood by a router with the same key, and by no other; neither is a forged one", async () => {
    const table = tableOf([await service()])
    const ports = await Promise.all(
      ["shared", "shared", "another"].map(async (stickyKey) => (await startProxy(table, { stickyKey })).port)
    )
    const cookie = cookieOf(await request(ports[0] ?? 0, "s"))
    const setsAnother = async (port: number | undefined, headers: { cookie: string }) =>
      (await request(port ?? 0, "s", { headers })).headers["set-cookie"] !== undefined
    expect(await setsAnother(ports[1], { cookie })).toBe(false)
    expect(await setsAnother(ports[2], { cookie })).toBe(true)
    expect(await setsAnother(ports[0], { cookie: `${cookie.slice(0, -1)}_` })).toBe(true)
  })

  it("binds a WebSocket's client too", async () => {
    const { name, loadBalancing, tasks } = await service()
    for (const { at } of tasks) new WebSocketServer({ server: at.server })
    const { port } = await startProxy(tableOf([{ name, loadBalancing, tasks }]))
    const client = new WebSocket(`ws://127.0.0.1:${port}/`, { headers: { host: "s" } })
    afterwards(() => client.terminate())
    const cookies = await new Promise<ReadonlyArray<string> | undefined>((resolve, reject) => {
      client.on("upgrade", (answer) => resolve(answer.headers["set-cookie"]))
      client.on("error", reject)
    })
    expect(cookies?.[0]).toMatch(/^evenkeel-[0-9a-f]{8}=/)
  })

  it("goes elsewhere with a new cookie when its task is gone", async () => {
    const { name, loadBalancing, tasks } = await service()
    const { proxy, port, events } = await startProxy(tableOf([{ name, loadBalancing, tasks }]))
    const first = await request(port, "s")
    const gone = ["a", "b", "c"].indexOf(first.body)
    proxy.setTable(tableOf([{ name, loadBalancing, tasks: tasks.filter((_, i) => i !== gone) }]))
    const next = await request(port, "s", { headers: { cookie: cookieOf(first) } })
    expect([next.status, next.body === first.body, cookieOf(next) === cookieOf(first)]).toEqual([200, false, false])
    // Said once, however many tables come: nobody gave a key.
    expect(events).toEqual([{ type: "sticky-key-random", target: "s" }])
  })
})

describe("evenkeel.weight", () => {
  it("splits requests between services by their shares, follows a change, and gives nothing to a share of 0", async () => {
    const [stable, canary] = await tasks("stable", "canary")
    if (stable === undefined || canary === undefined) throw new Error("two backends")
    const table = (...weights: ReadonlyArray<number>) =>
      tableOf(
        [
          { name: "v1", tasks: [{ task: "t1", at: stable }] },
          { name: "v2", tasks: [{ task: "t2", at: canary }] }
        ],
        [{ host: "shop", target: "v1+v2", services: ["v1", "v2"], weights }]
      )
    let draw = 0
    const random = () => (draw++ % 20) / 20
    const { proxy, port } = await startProxy(table(75, 25), { random })
    const shares = async () => counted(await bodies(20, () => request(port, "shop")))
    expect(await shares()).toEqual({ stable: 15, canary: 5 })
    expect(proxy.describeRoutes()[0]?.shares).toEqual([
      { service: "v1", weight: 75 },
      { service: "v2", weight: 25 }
    ])
    proxy.setTable(table(0, 1))
    expect(await shares()).toEqual({ canary: 20 })
    expect(proxy.describeRoutes()[0]?.endpoints[0]?.reason).toContain("evenkeel.weight")
    await canary.stop()
    expect((await request(port, "shop")).status).toBe(502)
  })

  it("lets a failed request of one service go to the other", async () => {
    const [good] = await tasks("good")
    const [bad] = await tasks("bad")
    if (good === undefined || bad === undefined) throw new Error("two backends")
    await bad.stop()
    const { port } = await startProxy(
      tableOf(
        [
          { name: "v1", tasks: [{ task: "t1", at: bad }] },
          { name: "v2", tasks: [{ task: "t2", at: good }] }
        ],
        [{ host: "shop", target: "v1+v2", services: ["v1", "v2"], weights: [99, 1] }]
      )
    )
    expect((await request(port, "shop")).body).toBe("good")
  })
})
