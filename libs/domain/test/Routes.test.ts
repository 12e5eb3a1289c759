import { describe, expect, it } from "vitest"
import { NetworkId, NodeId } from "../src/Ids.ts"
import { Network } from "../src/Network.ts"
import * as Routes from "../src/Routes.ts"
import type { RoutingTable } from "../src/RoutingTable.ts"
import { Service } from "../src/Service.ts"
import { Snapshot } from "../src/Snapshot.ts"
import { NetworkAddress, Task } from "../src/Task.ts"
import * as Cluster from "./fixtures/Cluster.ts"

const network = (name: string, ingress = false) =>
  new Network({ id: NetworkId.make(name), name, driver: "overlay", scope: "swarm", ingress })

interface Routable extends Cluster.ServiceInput {
  readonly networks?: ReadonlyArray<string>
  readonly createdAt?: string
  readonly states?: ReadonlyArray<{ readonly state?: string; readonly desired?: string }>
}

const routerService: Routable = {
  name: "p2p_router",
  tasks: "n1 n2",
  labels: { "evenkeel.role": "router" },
  mode: { kind: "global" }
}

const tableOf = (
  services: ReadonlyArray<Routable>,
  nodes: ReadonlyArray<Cluster.NodeInput | string> = ["n1", "n2"]
): RoutingTable => {
  const all = [routerService, ...services]
  let host = 1
  return Routes.fromSnapshot(
    new Snapshot({
      nodes: nodes.map(Cluster.node),
      services: all.map(
        (input) =>
          new Service({
            ...Cluster.service(input),
            networks: (input.networks ?? ["front"]).map((name) => NetworkId.make(name)),
            createdAt: input.createdAt ?? "2026-01-01T00:00:00Z"
          })
      ),
      tasks: all.flatMap((input) =>
        Cluster.tasksOf(input).map(
          (task, i) =>
            new Task({
              ...task,
              ...input.states?.[i],
              addresses: (input.networks ?? ["front"]).map(
                (name) =>
                  new NetworkAddress({
                    network: NetworkId.make(name),
                    networkName: name,
                    address: `10.0.${name.length}.${host++}`
                  })
              )
            })
        )
      ),
      networks: [network("front"), network("back"), network("ingress", true)],
      readBy: NodeId.make("n1"),
      readAtMillis: 0
    })
  )
}

const port = { "evenkeel.port": "8080" }
const stack = { "com.docker.stack.namespace": "p2p", ...port }
const hostsOf = (table: RoutingTable) => table.routes.map(({ host, path, target }) => `${host}${path} ${target}`)

describe("names", () => {
  it("are the full name, the short one, and the group's, each with .evenkeel too", () => {
    const table = tableOf([{ name: "p2p_vvm1", tasks: "n1", labels: { ...stack, "evenkeel.group": "vvm" } }])
    expect(hostsOf(table)).toEqual([
      "p2p_vvm1/ p2p_vvm1",
      "p2p_vvm1.evenkeel/ p2p_vvm1",
      "vvm/ vvm",
      "vvm.evenkeel/ vvm",
      "vvm1/ p2p_vvm1",
      "vvm1.evenkeel/ p2p_vvm1"
    ])
  })
  it("drop the short one where two stacks share it", () => {
    const other = { "com.docker.stack.namespace": "q", ...port }
    const table = tableOf([
      { name: "p2p_web", tasks: "n1", labels: stack },
      { name: "q_web", tasks: "n1", labels: other }
    ])
    expect(hostsOf(table).some((host) => host.startsWith("web/"))).toBe(false)
    expect(table.problems).toEqual([])
  })
  it("send a group's requests to all of its services", () => {
    const labels = { ...stack, "evenkeel.group": "vvm" }
    const table = tableOf([
      { name: "p2p_vvm1", tasks: "n1", labels },
      { name: "p2p_vvm2", tasks: "n2", labels }
    ])
    expect(table.routes.find(({ host }) => host === "vvm")?.services).toEqual(["p2p_vvm1", "p2p_vvm2"])
  })
  it("belong to the older of two that claim them, and the other is told", () => {
    const labels = { ...port, "evenkeel.host": "shop.example" }
    const table = tableOf([
      { name: "new", tasks: "n1", labels, createdAt: "2026-02-01T00:00:00Z" },
      { name: "old", tasks: "n1", labels, createdAt: "2026-01-01T00:00:00Z" }
    ])
    expect(table.routes.find(({ host }) => host === "shop.example")?.target).toBe("old")
    expect(table.problems).toMatchObject([{ name: "new", problem: "shop.example/ already belongs to old" }])
  })
  it("cannot be taken from a service by another's host label", () => {
    const table = tableOf([
      { name: "thief", tasks: "n1", labels: { ...port, "evenkeel.host": "bank" }, createdAt: "2020-01-01T00:00:00Z" },
      { name: "bank", tasks: "n1", labels: port }
    ])
    expect(table.routes.find(({ host }) => host === "bank")?.target).toBe("bank")
  })
  it("take a path of any host when only a path is given", () => {
    const table = tableOf([
      { name: "api", tasks: "n1", labels: { ...port, "evenkeel.path": "/api", "evenkeel.strip": "true" } }
    ])
    expect(table.routes.find(({ host }) => host === "*")).toMatchObject({ path: "/api", strip: true, target: "api" })
  })
})

describe("endpoints", () => {
  const labels = port
  const statesOf = (table: RoutingTable) => table.services[0]?.endpoints.map(({ state }) => state)
  it("are tasks that are wanted and run", () => {
    const table = tableOf([{ name: "web", tasks: "n1 n2", labels, states: [{}, { state: "starting" }] }])
    expect(statesOf(table)).toEqual(["ready"])
  })
  it("drain from the moment Swarm wants their task to end", () => {
    const table = tableOf([{ name: "web", tasks: "n1", labels, states: [{ desired: "shutdown" }] }])
    expect(statesOf(table)).toEqual(["draining"])
  })
  it("are gone when their node is down, whatever their task last said", () => {
    const table = tableOf([{ name: "web", tasks: "n2", labels }], ["n1", { name: "n2", state: "down" }])
    expect(statesOf(table)).toEqual([])
  })
  it("stay while the managers do not know a node's state after an election", () => {
    const table = tableOf([{ name: "web", tasks: "n2", labels }], ["n1", { name: "n2", state: "unknown" }])
    expect(statesOf(table)).toEqual(["ready"])
  })
})

describe("the network", () => {
  const address = (table: RoutingTable) => table.services[0]?.endpoints[0]?.address
  it("is the one shared with the router", () => {
    expect(address(tableOf([{ name: "web", tasks: "n1", labels: port, networks: ["back", "front"] }]))).toMatch(
      /^10\.0\.5\./
    )
  })
  it("is an error when none is shared, and no other service suffers", () => {
    const table = tableOf([
      { name: "lost", tasks: "n1", labels: port, networks: ["back"] },
      { name: "web", tasks: "n1", labels: port }
    ])
    expect(table.services.map(({ name }) => name)).toEqual(["web"])
    expect(table.problems).toMatchObject([{ name: "lost" }])
  })
  it("can be named where the label is right, and is reported where it is not", () => {
    const named = (name: string) =>
      tableOf([{ name: "web", tasks: "n1", labels: { ...port, "evenkeel.network": name } }])
    expect(named("front").problems).toEqual([])
    expect(named("nowhere").problems).toMatchObject([{ name: "web" }])
  })
})

describe("settings", () => {
  const group = { ...stack, "evenkeel.group": "vvm" }
  it("hold for 60 s in a group of one-replica services, else not", () => {
    const held = (services: ReadonlyArray<Routable>) => tableOf(services).services.map(({ holdMillis }) => holdMillis)
    expect(held([{ name: "p2p_a", tasks: "n1", labels: group }])).toEqual([60_000])
    expect(held([{ name: "p2p_a", tasks: "n1 n2", labels: group }])).toEqual([0])
    expect(held([{ name: "p2p_a", tasks: "n1", labels: { ...group, "evenkeel.hold": "5s" } }])).toEqual([5_000])
  })
  it("keep their default where a label is wrong, which is told", () => {
    const table = tableOf([
      { name: "web", tasks: "n1", labels: { ...port, "evenkeel.retry": "many", "evenkeel.hold": "60" } }
    ])
    expect(table.services[0]).toMatchObject({ retries: 2, holdMillis: 0 })
    expect(table.problems.map(({ problem }) => problem.split("=")[0])).toEqual([
      "label evenkeel.hold",
      "label evenkeel.retry"
    ])
  })
  it("tell routers of one another", () => {
    expect(tableOf([]).routers.map(({ node }) => node)).toEqual(["n1", "n2"])
  })
})

describe("shares", () => {
  const labels = (weight: string | null, more: Record<string, string> = {}) => ({
    ...port,
    "evenkeel.host": "shop.example",
    ...(weight === null ? {} : { "evenkeel.weight": weight }),
    ...more
  })
  const shop = (table: RoutingTable) => table.routes.find(({ host }) => host === "shop.example")
  const two = (older: Record<string, string>, newer: Record<string, string>) =>
    tableOf([
      { name: "blue", tasks: "n1", labels: older, createdAt: "2026-01-01T00:00:00Z" },
      { name: "green", tasks: "n2", labels: newer, createdAt: "2026-02-01T00:00:00Z" }
    ])
  it("make one route of two services that both say that they share", () => {
    const table = two(labels("90"), labels("10"))
    expect(shop(table)).toMatchObject({ target: "blue+green", services: ["blue", "green"], weights: [90, 10] })
    expect(table.problems).toEqual([])
    expect(table.routes.find(({ host }) => host === "green")?.weights).toBe(null)
  })
  it("are no way to take a host from a service that does not share it", () => {
    const table = two(labels(null), labels("10"))
    expect(shop(table)).toMatchObject({ target: "blue", services: ["blue"], weights: null })
    expect(table.problems).toMatchObject([{ name: "green" }])
    expect(table.problems[0]?.problem).toContain("both need evenkeel.weight")
  })
  it("leave a single service everything, unless its share is 0", () => {
    const one = (weight: string) => shop(tableOf([{ name: "blue", tasks: "n1", labels: labels(weight) }]))?.weights
    expect([one("5"), one("0")]).toEqual([null, [0]])
  })
  it("go by the older one's path handling, which is told", () => {
    const table = two(labels("1", { "evenkeel.redirect": "https" }), labels("1"))
    expect(shop(table)?.redirect).toBe("https")
    expect(table.problems[0]?.problem).toContain("evenkeel.redirect")
  })
})

describe("labels of a service's tasks", () => {
  const routed = (labels: Record<string, string>) => {
    const table = tableOf([{ name: "web", tasks: "n1", labels: { ...port, ...labels } }])
    return { service: table.services[0], problems: table.problems.map(({ problem }) => problem), table }
  }
  it("ask for an active check", () => {
    expect(routed({ "evenkeel.health": "GET /healthz every 2s timeout 1s" }).service?.health).toEqual({
      method: "GET",
      path: "/healthz",
      everyMillis: 2_000,
      timeoutMillis: 1_000,
      fall: 3,
      rise: 2
    })
    expect(routed({ "evenkeel.health": "HEAD / rise 1 fall 5" }).service?.health).toMatchObject({ fall: 5, rise: 1 })
    for (const wrong of [
      "/healthz",
      "POST /",
      "GET healthz",
      "GET / every 2",
      "GET / every 10ms",
      "GET / fall 0",
      "GET / x"
    ]) {
      const { problems, service } = routed({ "evenkeel.health": wrong })
      expect(service?.health).toBe(null)
      expect(problems).toEqual([expect.stringContaining("evenkeel.health")])
    }
  })
  it("say how tasks are spoken to, and for which name their certificate must hold", () => {
    const nameOf = (labels: Record<string, string>) => routed(labels).service?.verifyName
    expect(nameOf({})).toBe(null)
    expect(nameOf({ "evenkeel.scheme": "https" })).toBe("web")
    expect(nameOf({ "evenkeel.scheme": "https", "evenkeel.verify": "web.internal" })).toBe("web.internal")
    expect(nameOf({ "evenkeel.scheme": "https", "evenkeel.verify": "off" })).toBe(null)
  })
  it("send browsers to https on the hosts that the label names, callers by the service's own name not", () => {
    const { table } = routed({ "evenkeel.host": "shop.example", "evenkeel.redirect": "https" })
    const redirects = Object.fromEntries(table.routes.map(({ host, redirect }) => [host, redirect]))
    expect(redirects).toEqual({ web: null, "web.evenkeel": null, "shop.example": "https" })
  })
  it("choose how requests are spread, where the choice can be read", () => {
    for (const good of ["least", "round-robin", "sticky", "hash:header:X-Tenant", "hash:cookie:user", "hash:path:1"])
      expect(routed({ "evenkeel.lb": good }).service?.loadBalancing).toBe(good)
    for (const wrong of [
      "fastest",
      "hash:",
      "hash:header:",
      "hash:header:a b",
      "hash:path:0",
      "hash:path:x",
      "hash:path:1.5"
    ]) {
      const { problems, service } = routed({ "evenkeel.lb": wrong })
      expect(service?.loadBalancing).toBe("ewma")
      expect(problems).toEqual([expect.stringContaining("evenkeel.lb")])
    }
  })
})
