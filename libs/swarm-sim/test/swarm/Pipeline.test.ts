import { describe, expect, it } from "vitest"
import type { MakeRuntime } from "../../src/swarm/TaskRuntime.ts"
import { Cluster, seconds } from "./Cluster.ts"

describe("a new service", () => {
  it("takes its tasks through SwarmKit's states, in order, with SwarmKit's words", () => {
    const cluster = new Cluster()
    const messages: Array<string> = []
    cluster.store.watch((changes) => {
      for (const { after } of changes) if (after?.kind === "task") messages.push(after.message)
    })
    cluster.running("web")
    const [task] = cluster.tasks("web")
    expect(cluster.history.get(task?.id ?? "")).toEqual([
      "new",
      "pending",
      "assigned",
      "preparing",
      "starting",
      "running"
    ])
    expect([...new Set(messages)]).toEqual([
      "created",
      "pending task scheduling",
      "scheduler assigned task to node",
      "preparing",
      "starting",
      "started"
    ])
  })

  it("is placed no sooner than the scheduler's debounce, and runs within a few seconds", () => {
    const cluster = new Cluster()
    cluster.create("web", { replicas: 3 })
    cluster.run(50)
    expect(cluster.tasks("web").map(({ state }) => state)).toEqual(["pending", "pending", "pending"])
    cluster.run(100)
    expect(cluster.tasks("web").every(({ nodeId }) => nodeId !== "")).toBe(true)
    cluster.run(3 * seconds)
    expect(cluster.counts("web")).toBe("1-1-1")
  })

  it("with ports is written once by the client and once by the allocator, by one counter for all objects", () => {
    const cluster = new Cluster()
    const before = cluster.store.version
    const id = cluster.create("web", { hostPort: 8080 })
    expect(cluster.store.services.get(id)?.version).toBe(before + 1)
    cluster.run(20)
    const versions = [...cluster.store.tasks.values(), ...cluster.store.services.values()].map(({ version }) => version)
    expect(Math.max(...versions)).toBe(cluster.store.version)
    expect(cluster.store.services.get(id)?.version).toBeGreaterThan(before + 1)
  })

  it("without ports and virtual addresses leaves the allocator nothing to write", () => {
    const cluster = new Cluster()
    const before = cluster.store.version
    const id = cluster.create("web", { endpoint: { Mode: "dnsrr" } })
    cluster.run(3 * seconds)
    expect(cluster.store.services.get(id)?.version).toBe(before + 1)
    expect(cluster.swarm.get("service", id)?.["Endpoint"]).toEqual({ Spec: {} })
  })

  it("shows its container from STARTING on, with a process once it runs", () => {
    const cluster = new Cluster()
    const containers: Array<string> = []
    cluster.store.watch((changes) => {
      for (const { after } of changes)
        if (after?.kind === "task")
          containers.push(
            `${after.state} ${after.container === null ? "none" : after.container.pid > 0 ? "process" : "made"}`
          )
    })
    cluster.running("web")
    expect([...new Set(containers)]).toEqual([
      "new none",
      "pending none",
      "assigned none",
      "preparing none",
      "starting made",
      "running process"
    ])
  })
})

describe("a runtime", () => {
  const detached: MakeRuntime = (context) => ({
    prepare: (_start, { healthy, prepared, started }) => {
      context.schedule(10, prepared)
      const nothing = () => {}
      const start = () => {
        context.schedule(10, started)
        context.schedule(20, healthy)
      }
      return { start, stop: nothing, kill: nothing, freeze: nothing, thaw: nothing, setHealthy: nothing }
    }
  })

  it("may hand the signals on one by one", () => {
    const cluster = new Cluster({ runtime: detached })
    cluster.running("plain")
    cluster.running("checked", { container: { Healthcheck: { Test: ["CMD", "true"] } } })
    expect(cluster.tasks("checked").map(({ state }) => state)).toEqual(["running"])
  })
})

describe("the same seed", () => {
  const trace = (seed: number): string => {
    const cluster = new Cluster({ seed, nodes: 5 })
    const lines: Array<string> = []
    cluster.store.watch((changes) => {
      for (const { after } of changes)
        if (after?.kind === "task")
          lines.push(`${cluster.swarm.nowMillis()} ${after.id} ${after.nodeId} ${after.state}`)
    })
    cluster.running("web", { replicas: 7 })
    cluster.fault({ _tag: "crash", node: "n4" })
    cluster.run(60 * seconds)
    return lines.join("\n")
  }

  it("gives the same history, and another one gives another", () => {
    expect(trace(7)).toBe(trace(7))
    expect(trace(8)).not.toBe(trace(7))
  })
})
