import { describe, expect, it } from "vitest"
import { virtual } from "../../src/swarm/VirtualRuntime.ts"
import { Cluster, seconds } from "./Cluster.ts"

describe("a global service", () => {
  it("has a task on each node that its constraints allow, with no slot", () => {
    const cluster = new Cluster({ nodes: [{ labels: { a: "1" } }, {}, { labels: { a: "1" } }] })
    cluster.create("agent", { global: true, constraints: ["node.labels.a==1"] })
    cluster.run(5 * seconds)
    expect(cluster.counts("agent")).toBe("1-0-1")
    expect(cluster.tasks("agent").map(({ message, slot }) => [message, slot])).toEqual([
      ["started", 0],
      ["started", 0]
    ])
  })

  it("is confirmed by the scheduler, or waits with the reason", () => {
    const cluster = new Cluster()
    const messages = new Set<string>()
    cluster.store.watch((changes) => {
      for (const { after } of changes)
        if (after?.kind === "task" && after.state === "assigned") messages.add(after.message)
    })
    cluster.create("agent", { global: true, memoryMiB: 100_000 })
    cluster.run(5 * seconds)
    expect(cluster.errors("agent")).toEqual(Array(3).fill("insufficient resources on 1 node"))
    cluster.running("small", { global: true })
    expect([...messages]).toEqual(["scheduler confirmed task can run on preassigned node"])
  })

  it("leaves a drained node and comes back to an active one", () => {
    const cluster = new Cluster()
    cluster.running("agent", { global: true })
    cluster.setNode("n2", { Availability: "drain" })
    cluster.run(10 * seconds)
    expect(cluster.counts("agent")).toBe("1-0-1")
    cluster.setNode("n2", { Availability: "active" })
    cluster.run(10 * seconds)
    expect(cluster.counts("agent")).toBe("1-1-1")
  })

  it("follows labels of nodes", () => {
    const cluster = new Cluster()
    cluster.create("agent", { global: true, constraints: ["node.labels.a==1"] })
    cluster.run(5 * seconds)
    expect(cluster.counts("agent")).toBe("0-0-0")
    cluster.setNode("n2", { Labels: { a: "1" } })
    cluster.run(5 * seconds)
    expect(cluster.counts("agent")).toBe("0-1-0")
    cluster.setNode("n2", { Labels: {} })
    cluster.run(20 * seconds)
    expect(cluster.counts("agent")).toBe("0-0-0")
  })

  it("comes back with its node", () => {
    const cluster = new Cluster()
    cluster.running("agent", { global: true })
    cluster.fault({ _tag: "crash", node: "n3" })
    cluster.run(40 * seconds)
    expect(cluster.counts("agent")).toBe("1-1-0")
    cluster.fault({ _tag: "restore", node: "n3" })
    cluster.run(40 * seconds)
    expect(cluster.counts("agent")).toBe("1-1-1")
  })

  it("is updated node by node; a node that was paused meanwhile when it is active again", () => {
    const cluster = new Cluster()
    cluster.running("agent", { global: true })
    cluster.setNode("n2", { Availability: "pause" })
    cluster.change("agent", { global: true, image: "web:2" })
    cluster.run(60 * seconds)
    const images = () =>
      cluster
        .serving("agent")
        .toSorted((a, b) => cluster.hostname(a).localeCompare(cluster.hostname(b)))
        .map(({ template }) => (template.spec["ContainerSpec"] as { Image: string }).Image)
    expect(images()).toEqual(["web:2", "web:1", "web:2"])
    cluster.setNode("n2", { Availability: "active" })
    cluster.run(30 * seconds)
    expect(images()).toEqual(["web:2", "web:2", "web:2"])
  })
})

describe("a job", () => {
  const job = (input: object) => ({ mode: { ReplicatedJob: input }, command: "sleep 3" })

  it("runs as many as it may at a time until all have completed", () => {
    const cluster = new Cluster()
    cluster.create("job", job({ MaxConcurrent: 2, TotalCompletions: 5 }))
    let most = 0
    for (let i = 0; i < 600; i++) {
      cluster.run(100)
      most = Math.max(most, cluster.tasks("job").filter(({ state }) => state === "running").length)
    }
    expect(most).toBe(2)
    expect(
      cluster
        .tasks("job")
        .map(({ slot, state }) => `${slot} ${state}`)
        .toSorted()
    ).toEqual([0, 1, 2, 3, 4].map((slot) => `${slot} complete`))
  })

  it("tries again what fails, until it completes", () => {
    let attempts = 0
    const cluster = new Cluster({
      runtime: virtual({ behaviour: () => ({ exit: { afterMillis: 500, code: attempts++ < 2 ? 1 : 0 } }) })
    })
    cluster.create("job", { mode: { ReplicatedJob: {} } })
    cluster.run(60 * seconds)
    expect(cluster.tasks("job").map(({ state }) => state)).toEqual(["failed", "failed", "complete"])
  })

  it("runs again when its service is updated", () => {
    const cluster = new Cluster()
    cluster.create("job", job({}))
    cluster.run(20 * seconds)
    expect(cluster.service("job").jobStatus?.iteration).toBe(0)
    expect(cluster.update("job", (spec) => spec).ok).toBe(true)
    cluster.run(20 * seconds)
    expect(cluster.service("job").jobStatus?.iteration).toBe(1)
    expect(cluster.tasks("job").filter((task) => task.jobIteration === 1)).toMatchObject([{ state: "complete" }])
  })

  it("of each node runs once on each", () => {
    const cluster = new Cluster()
    cluster.create("job", { mode: { GlobalJob: {} }, command: "sleep 1" })
    cluster.run(20 * seconds)
    expect(
      cluster
        .tasks("job")
        .map((task) => `${cluster.hostname(task)} ${task.state}`)
        .toSorted()
    ).toEqual(["n1 complete", "n2 complete", "n3 complete"])
  })
})
