import { describe, expect, it } from "vitest"
import { virtual } from "../../src/swarm/VirtualRuntime.ts"
import { Cluster, seconds } from "./Cluster.ts"

/** A runtime in which containers of some nodes end with 1 at once. */
const failingOn = (hostnames: ReadonlyArray<string>) =>
  virtual({
    behaviour: ({ hostname }) => (hostnames.includes(hostname) ? { exit: { afterMillis: 10, code: 1 } } : {})
  })

const zones = (...names: ReadonlyArray<string>) => names.map((zone) => ({ labels: zone === "" ? {} : { zone } }))

describe("the scheduler", () => {
  it("spreads a service, whatever its nodes carry of others", () => {
    const cluster = new Cluster({ nodes: 4, seed: 5 })
    cluster.running("busy", { replicas: 3, constraints: ["node.hostname==n1"] })
    cluster.running("web", { replicas: 8 })
    expect(cluster.counts("web")).toBe("2-2-2-2")
    cluster.running("one", { replicas: 3 })
    expect(cluster.counts("one")).toBe("0-1-1-1")
  })

  it("does not count CPU or memory in use, but keeps to what tasks reserve", () => {
    const cluster = new Cluster({
      nodes: [{ memoryBytes: 100 * 2 ** 20 }, { memoryBytes: 40 * 2 ** 20 }, { memoryBytes: 40 * 2 ** 20 }]
    })
    cluster.create("web", { replicas: 8, memoryMiB: 20 })
    cluster.run(5 * seconds)
    expect(cluster.counts("web")).toBe("4-2-2")
    cluster.scale("web", 11)
    cluster.run(5 * seconds)
    expect(cluster.counts("web")).toBe("5-2-2")
    expect(cluster.errors("web")).toEqual(Array(2).fill("no suitable node (insufficient resources on 3 nodes)"))
  })

  it("says which filter refused most nodes first, and tries again when a node changes", () => {
    const cluster = new Cluster({ nodes: zones("b", "b", "a"), managers: 1 })
    cluster.setNode("n3", { Availability: "pause" })
    cluster.create("web", { constraints: ["node.labels.zone==a"] })
    cluster.run(2 * seconds)
    expect(cluster.errors("web")).toEqual([
      "no suitable node (scheduling constraints not satisfied on 2 nodes; 1 node not available for new tasks)"
    ])
    cluster.setNode("n3", { Availability: "active" })
    cluster.run(3 * seconds)
    expect(cluster.placement("web")).toBe("n3")
    expect(cluster.errors("web")).toEqual([])
  })

  it("evens out branches of a preference, unlabelled nodes being one", () => {
    const cluster = new Cluster({ nodes: zones("a", "a", "a", "b", ""), managers: 1 })
    cluster.running("web", { replicas: 9, preferences: ["node.labels.zone"] })
    expect(cluster.counts("web")).toBe("1-1-1-3-3")
  })

  it("evens out two levels of preferences", () => {
    const racks = (zone: string, rack: string) => ({ labels: { zone, rack } })
    const cluster = new Cluster({
      nodes: [racks("a", "1"), racks("a", "1"), racks("a", "2"), racks("b", "1")],
      managers: 1
    })
    cluster.running("web", { replicas: 8, preferences: ["node.labels.zone", "node.labels.rack"] })
    expect(cluster.counts("web")).toBe("1-1-2-4")
  })

  it("fills the other branches when one has no room", () => {
    const cluster = new Cluster({
      nodes: [
        { labels: { zone: "a" }, memoryBytes: 20 * 2 ** 20 },
        { labels: { zone: "b" }, memoryBytes: 200 * 2 ** 20 }
      ],
      managers: 1
    })
    cluster.running("web", { replicas: 6, memoryMiB: 10, preferences: ["node.labels.zone"] })
    expect(cluster.counts("web")).toBe("2-4")
  })

  it("keeps the limit of replicas per node, and says so", () => {
    const cluster = new Cluster()
    cluster.create("web", { replicas: 4, maxReplicas: 1 })
    cluster.run(5 * seconds)
    expect(cluster.counts("web")).toBe("1-1-1")
    expect(cluster.errors("web")).toEqual(["no suitable node (max replicas per node limit exceed)"])
  })

  it("gives a host port to one task of a node, across services", () => {
    const cluster = new Cluster()
    cluster.running("a", { replicas: 2, hostPort: 80 })
    cluster.create("b", { replicas: 2, hostPort: 80 })
    cluster.run(5 * seconds)
    expect(cluster.serving("b")).toHaveLength(1)
    expect(cluster.errors("b")).toEqual(["no suitable node (host-mode port already in use on 3 nodes)"])
    cluster.scale("a", 0)
    cluster.run(5 * seconds)
    expect(cluster.serving("b")).toHaveLength(2)
  })

  it("shuns a node on which a version of the service fails five times, until the service changes", () => {
    const cluster = new Cluster({ taskHistoryLimit: 50, runtime: failingOn(["n2"]) })
    cluster.create("web", { replicas: 3, restart: { Condition: "any", Delay: 0 } })
    cluster.until("all run elsewhere", () => cluster.serving("web").length === 3, 300 * seconds)
    expect(cluster.counts("web").split("-")[1]).toBe("0")
    const failed = cluster.tasks("web").filter((task) => cluster.hostname(task) === "n2")
    expect(failed).toHaveLength(5)
  })
})

describe("a task that waits for a node", () => {
  it("is forgotten by the scheduler when its service gets a newer version that does not make it dirty", () => {
    const cluster = new Cluster({ nodes: [{ labels: {} }], managers: 1 })
    cluster.create("web", { constraints: ["node.labels.zone==a"] })
    cluster.run(2 * seconds)
    expect(cluster.update("web", (spec) => ({ ...spec, Labels: { a: "b" } })).ok).toBe(true)
    cluster.run(2 * seconds)
    cluster.setNode("n1", { Labels: { zone: "b" } })
    cluster.run(2 * seconds)
    cluster.setNode("n1", { Labels: { zone: "a" } })
    cluster.run(60 * seconds)
    expect(cluster.tasks("web")).toMatchObject([{ state: "pending", nodeId: "" }])
  })
})
