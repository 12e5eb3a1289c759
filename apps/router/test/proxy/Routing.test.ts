import { describe, expect, it } from "vitest"
import { RouteIndex, stripPrefix } from "../../src/proxy/RouteIndex.ts"
import { Target } from "../../src/proxy/Target.ts"
import { httpBackend, RawClient, request, startProxy, tableOf } from "./support/Bench.ts"

describe("finding a route", () => {
  const entry = (host: string, path: string) => ({
    host,
    path,
    strip: false,
    redirect: null,
    target: new Target(`${host}${path}`)
  })
  const index = new RouteIndex([entry("a", "/"), entry("a", "/api/v1"), entry("a", "/api"), entry("*", "/any")])
  const found = (host: string, path: string) => index.find(host, path)?.target.name

  it.each([
    ["a", "/", "a/"],
    ["a", "/api", "a/api"],
    ["a", "/api/x", "a/api"],
    ["a", "/api?x", "a/api"],
    ["a", "/apix", "a/"],
    ["a", "/api/v1/x", "a/api/v1"],
    ["b", "/any/thing", "*/any"],
    ["b", "/", undefined]
  ])("%s %s", (host, path, target) => expect(found(host, path)).toBe(target))

  it.each([
    ["/api", "/api", "/"],
    ["/api/x", "/api", "/x"],
    ["/api?q", "/api", "/?q"],
    ["/x", "/", "/x"]
  ])("%s without %s is %s", (path, prefix, rest) => expect(stripPrefix(path, prefix)).toBe(rest))
})

describe("routing requests", () => {
  it("cuts the prefix where the route says so", async () => {
    const backend = await httpBackend((req, res) => res.end(req.url))
    const { port } = await startProxy(
      tableOf(
        [{ name: "s", tasks: [{ task: "t1", at: backend }] }],
        [
          { host: "h", path: "/cut/", strip: true, services: ["s"] },
          { host: "h", path: "/kept", services: ["s"] }
        ]
      )
    )
    expect((await request(port, "h", { path: "/cut/x?y" })).body).toBe("/x?y")
    expect((await request(port, "h", { path: "/kept/x" })).body).toBe("/kept/x")
  })

  it("answers 404 and names the host that nobody answers to", async () => {
    const { port, proxy } = await startProxy(tableOf([]))
    const answer = await request(port, "nobody.example:80")
    expect(answer.status).toBe(404)
    expect(answer.headers["server"]).toBe("evenkeel")
    expect(answer.headers["evenkeel-reason"]).toBe("no-route")
    expect(answer.body).toContain("nobody.example")
    expect(proxy.stats().totals.rejected.get("no-route")).toBe(1)
  })

  it("refuses at once with Retry-After when a service has no task and does not hold", async () => {
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [] }]))
    const answer = await request(port, "s")
    expect([answer.status, answer.headers["retry-after"], answer.headers["evenkeel-reason"]]).toEqual([
      503,
      "1",
      "no-endpoint"
    ])
    expect(answer.body).toContain("s:")
  })

  it("spreads the requests of a group over the tasks of its services", async () => {
    const backends = await Promise.all([1, 2, 3].map((n) => httpBackend((_, res) => res.end(`b${n}`))))
    const { port } = await startProxy(
      tableOf(
        backends.map((at, i) => ({ name: `vvm${i}`, tasks: [{ task: `t${i}`, at }] })),
        [{ host: "vvm", target: "vvm", services: ["vvm0", "vvm1", "vvm2"] }]
      )
    )
    const bodies = new Set<string>()
    await Promise.all(Array.from({ length: 30 }, async () => bodies.add((await request(port, "vvm")).body)))
    expect([...bodies].sort()).toEqual(["b1", "b2", "b3"])
  })

  it("takes the authority of an absolute target for the host", async () => {
    const backend = await httpBackend((req, res) => res.end(`${req.headers.host} ${req.url}`))
    const { port } = await startProxy(tableOf([{ name: "s", tasks: [{ task: "t1", at: backend }] }]))
    const client = new RawClient(port).send("GET http://s/x?y HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
    expect(await client.end()).toMatch(/\r\n\r\ns \/x\?y$/)
  })

  it("says so where a task that is to be spoken to over TLS speaks none", async () => {
    const backend = await httpBackend((_, res) => res.end("never"))
    const { port } = await startProxy(tableOf([{ name: "s", scheme: "https", tasks: [{ task: "t1", at: backend }] }]))
    const answer = await request(port, "s")
    expect([answer.status, answer.headers["evenkeel-reason"]]).toEqual([502, "upstream-tls"])
    expect(answer.body).toContain("evenkeel.scheme")
  })

  it("tells who gets what, and why not", async () => {
    const backend = await httpBackend((_, res) => res.end("ok"))
    const table = tableOf([
      {
        name: "s",
        tasks: [
          { task: "t1", node: "n1", at: backend },
          { task: "t2", node: "n2", at: backend, state: "draining" },
          { task: "t3", node: "n3", at: backend }
        ]
      }
    ])
    const { proxy } = await startProxy(table)
    proxy.setSuspectNodes(new Set(["n3"]))
    const [route] = proxy.describeRoutes()
    expect(route?.services).toEqual(["s"])
    expect(route?.endpoints.map(({ task, used }) => [task, used])).toEqual([
      ["t1", true],
      ["t2", false],
      ["t3", false]
    ])
    expect(route?.endpoints[1]?.reason).toContain("draining")
    expect(route?.endpoints[2]?.reason).toContain("n3")
  })
})
