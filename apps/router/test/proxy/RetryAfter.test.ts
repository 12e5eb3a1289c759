import { describe, expect, it } from "vitest"
import { retryAfterMs } from "../../src/proxy/RetryAfter.ts"
import { type At, httpBackend, ownNodeFirst, request, type ServiceSpec, startProxy, tableOf } from "./support/Bench.ts"

describe("the value of Retry-After", () => {
  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT")
  it.each([
    ["3", 3_000],
    ["0", 0],
    ["Wed, 21 Oct 2026 07:28:10 GMT", 10_000],
    ["Wed, 21 Oct 2026 07:27:10 GMT", 0],
    ["-1", 0],
    ["1.5", 0],
    ["soon", 0],
    ["2030", 2_030_000],
    ["tomorrow GMT", 0]
  ])("%s", (value, ms) => expect(retryAfterMs(value, now)).toBe(ms))
})

const busy = async (retryAfter: string | null = "5") => {
  const seen: Array<string> = []
  const backend = await httpBackend((req, res) => {
    seen.push(req.method ?? "")
    req.resume()
    req.on("end", () => {
      if (retryAfter !== null) res.setHeader("Retry-After", retryAfter)
      res.writeHead(503)
      res.end("busy")
    })
  })
  return { ...backend, seen }
}
const willing = () =>
  httpBackend((req, res) => {
    req.resume()
    req.on("end", () => res.end("done"))
  })

/** Of two tasks `first` is asked first. */
const beside = (first: At, second: At, more: Partial<ServiceSpec> = {}, now?: () => number) =>
  startProxy(tableOf([{ name: "s", tasks: ownNodeFirst(first, second), ...more }]), now === undefined ? {} : { now })

describe("a task that answers 503 with Retry-After", () => {
  it("gets nothing new meanwhile, and another task does what it did not", async () => {
    const first = await busy()
    const { port, proxy } = await beside(first, await willing())
    for (let i = 0; i < 10; i++) {
      const { body, headers, status } = await request(port, "s")
      expect([status, body, headers["evenkeel-tries"]]).toEqual([200, "done", i === 0 ? "2" : undefined])
    }
    expect(first.seen.length).toBe(1)
    expect(proxy.describeEndpoints()[0]).toMatchObject({ task: "first", used: false, failures: 0, outstanding: 0 })
    expect(proxy.describeEndpoints()[0]?.reason).toContain("Retry-After")
    expect(proxy.stats().totals.ejections.get("retry-after")).toBe(1)
  })

  it("gets requests again when the time is over, and is not left alone for longer than 30 s", async () => {
    let clock = 1_000
    const first = await busy("3600")
    const { port } = await beside(first, await willing(), {}, () => clock)
    await request(port, "s")
    clock += 29_000
    await request(port, "s")
    expect(first.seen.length).toBe(1)
    clock += 1_100
    await request(port, "s")
    expect(first.seen.length).toBe(2)
  })

  it("has its 503 passed on for what may not be sent twice; what follows goes elsewhere", async () => {
    const first = await busy()
    const { port } = await beside(first, await willing())
    const post = await request(port, "s", { method: "POST", body: "x" })
    expect([post.status, post.body, post.headers["retry-after"]]).toEqual([503, "busy", "5"])
    expect((await request(port, "s", { method: "POST", body: "x" })).body).toBe("done")
    expect(first.seen).toEqual(["POST"])
  })

  it("has its 503 passed on where the service wants no further tries", async () => {
    const { port } = await beside(await busy(), await willing(), { retries: 0 })
    expect((await request(port, "s")).status).toBe(503)
    expect((await request(port, "s")).status).toBe(200)
  })

  it("is asked all the same when it is the only one, and its answer is the client's", async () => {
    const only = await busy()
    const { port } = await beside(only, only, { tasks: [{ task: "only", at: only }] })
    for (let i = 0; i < 3; i++) expect((await request(port, "s")).headers["retry-after"]).toBe("5")
    expect(only.seen.length).toBe(3)
  })

  it("is not left alone together with more than half of its service", async () => {
    const [first, second] = [await busy(), await busy()]
    const { port, proxy } = await beside(first, second)
    expect((await request(port, "s")).status).toBe(503)
    expect(proxy.describeEndpoints().filter(({ used }) => used).length).toBe(1)
    expect((await request(port, "s")).status).toBe(503)
  })

  it("answers those whom a key binds to it itself", async () => {
    const [first, second] = [await busy(), await willing()]
    const { port } = await beside(first, second, { loadBalancing: "hash:header:x-key" })
    const statuses = new Set<number>()
    for (let key = 0; key < 16 && !statuses.has(503); key++)
      statuses.add((await request(port, "s", { headers: { "x-key": String(key) } })).status)
    expect(statuses.has(503)).toBe(true)
  })
})

describe("a 503 without Retry-After", () => {
  it("is the application's own affair", async () => {
    const first = await busy(null)
    const { port, proxy } = await beside(first, await willing())
    expect((await request(port, "s")).status).toBe(503)
    expect(proxy.describeEndpoints()[0]?.used).toBe(true)
  })
})
