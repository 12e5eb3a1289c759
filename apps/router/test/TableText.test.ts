import { describe, expect, it } from "@effect/vitest"
import { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as TableText from "../src/TableText.ts"

const table = (value: unknown) => Either.getOrThrow(TableText.decode(JSON.stringify(value), "t.json"))
const problem = (text: string) => Option.getOrThrow(Either.getLeft(TableText.decode(text, "t.json"))).message

describe("TableText.decode", () => {
  it("reads the short form with its defaults", () => {
    const { routes, services } = table({ services: [{ name: "Web", endpoints: ["127.0.0.1:9001", "[::1]:9002"] }] })
    expect(services).toHaveLength(1)
    expect(services[0]).toMatchObject({ id: "Web", retries: 2, holdMillis: 0, timeouts: { connectMillis: 1_000 } })
    expect(services[0]?.endpoints).toMatchObject([
      { address: "127.0.0.1", port: 9001, node: "127.0.0.1", state: "ready", slot: 1 },
      { address: "::1", port: 9002, node: "::1", state: "ready", slot: 2 }
    ])
    expect(routes).toMatchObject([{ host: "web", path: "/", strip: false, target: "Web", services: ["Web"] }])
  })

  it("names an endpoint's task by its address, wherever it stands in the list", () => {
    const taskOf = (endpoints: ReadonlyArray<string>) =>
      table({ services: [{ name: "web", endpoints }] }).services[0]?.endpoints.find(({ port }) => port === 9001)?.task
    expect(taskOf(["a:9001", "b:9002"])).toBe(taskOf(["b:9002", "a:9001"]))
  })

  it("lets services share a host, and a group answer for its members", () => {
    const endpoints: ReadonlyArray<string> = []
    const { routes } = table({
      services: [
        { name: "a", hosts: ["shop.example"], group: "vvm", endpoints, holdMillis: 5 },
        { name: "b", hosts: ["Shop.example"], group: "vvm", endpoints, holdMillis: 9 },
        { name: "c", hosts: ["shop.example"], path: "/api", strip: true, endpoints }
      ]
    })
    expect(routes).toMatchObject([
      { host: "shop.example", path: "/", services: ["a", "b"], holdMillis: 9 },
      { host: "vvm", path: "/", target: "vvm", services: ["a", "b"], holdMillis: 9 },
      { host: "shop.example", path: "/api", strip: true, services: ["c"] }
    ])
  })

  it("takes endpoints with a node and a state", () => {
    const endpoints = [{ address: "10.0.0.1:80", node: "n1", state: "draining" }]
    expect(table({ services: [{ name: "a", endpoints }] }).services[0]?.endpoints).toMatchObject([
      { address: "10.0.0.1", port: 80, node: "n1", state: "draining" }
    ])
  })

  it("reads the whole form as the feed sends it", () => {
    const short = table({ services: [{ name: "a", endpoints: ["10.0.0.1:80"] }] })
    expect(table(short)).toEqual(short)
    expect(table({ services: [], routes: [], routers: [], problems: [] })).toEqual(RoutingTable.empty)
  })

  it("knows shares, redirects, checks and TLS", () => {
    const shared = { hosts: ["shop"], endpoints: [] }
    const { routes, services } = table({
      services: [
        { name: "blue", ...shared, weight: 90, redirect: "https" },
        { name: "green", ...shared, weight: 10, scheme: "https", verify: "green.internal", health: "GET / every 1s" },
        { name: "plain", endpoints: [], weight: 5 }
      ]
    })
    expect(routes.find(({ host }) => host === "shop")).toMatchObject({ weights: [90, 10], redirect: "https" })
    expect(routes.find(({ host }) => host === "plain")).toMatchObject({ weights: null, redirect: null })
    expect(services[1]).toMatchObject({ scheme: "https", verifyName: "green.internal", health: { everyMillis: 1_000 } })
    expect(services[0]).toMatchObject({ scheme: "http", verifyName: null, health: null })
  })

  it.each([
    ["{", "t.json: "],
    ["[]", "t.json: "],
    ['{"services":[{"endpoints":[]}]}', "services[0].name"],
    ['{"services":[{"name":"a","endpoints":["nowhere"]}]}', 'expected host:port such as 127.0.0.1:9001, got "nowhere"'],
    ['{"services":[{"name":"a","endpoints":["a:0"]}]}', "services[0].endpoints[0].port"],
    ['{"services":[{"name":"a","endpoints":["a:70000"]}]}', "services[0].endpoints[0].port"],
    ['{"services":[{"name":"a","endpoints":[],"holdMs":3}]}', "services[0].holdMs"],
    ['{"services":[{"name":"a","endpoints":[]},{"name":"a","endpoints":[]}]}', "services[1].name"],
    ['{"services":[],"routes":[{}]}', "routes"],
    ['{"services":[{"name":"a","endpoints":[],"health":"/healthz"}]}', "GET /healthz every 2s"],
    ['{"services":[{"name":"a","endpoints":[],"loadBalancing":"hash:path:0"}]}', "hash:path:<n> with n from 1"]
  ])("names what is wrong with %s", (text, expected) => {
    expect(problem(text)).toContain(expected)
    expect(problem(text)).toContain("t.json: ")
  })
})
