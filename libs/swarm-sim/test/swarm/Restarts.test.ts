import { describe, expect, it } from "vitest"
import { virtual } from "../../src/swarm/VirtualRuntime.ts"
import { Cluster, seconds } from "./Cluster.ts"

const second = 1e9

describe("a task that ends", () => {
  it("is replaced in its slot after five seconds", () => {
    const cluster = new Cluster()
    cluster.create("web", { command: "sleep 10; exit 3" })
    cluster.until("it ends", () => cluster.tasks("web").some(({ state }) => state === "failed"))
    const [task] = cluster.tasks("web")
    expect(task).toMatchObject({ error: "task: non-zero exit (3)", message: "started", container: { exitCode: 3 } })
    cluster.run(200)
    const replacement = cluster.tasks("web").find(({ id }) => id !== task?.id)
    expect(replacement).toMatchObject({ slot: 1, desired: "ready" })
    const waited = cluster.until("it runs", () => cluster.serving("web").length === 1)
    expect(waited + 200).toBeGreaterThanOrEqual(5 * seconds)
    expect(waited).toBeLessThan(7 * seconds)
  })

  it("with exit code 0 is complete, and replaced only if the policy says so", () => {
    const replaced = (Condition: string) => {
      const cluster = new Cluster()
      cluster.create("web", { command: "sleep 1", restart: { Condition } })
      cluster.run(30 * seconds)
      expect(cluster.tasks("web").some(({ message, state }) => state === "complete" && message === "finished")).toBe(
        true
      )
      return cluster.tasks("web").length > 1
    }
    expect([replaced("any"), replaced("on-failure"), replaced("none")]).toEqual([true, false, false])
  })

  it("is replaced as often as the policy allows, and anew after an update", () => {
    const cluster = new Cluster()
    const restart = { Condition: "any", Delay: 0, MaxAttempts: 2 }
    cluster.create("web", { command: "exit 1", restart })
    cluster.run(60 * seconds)
    expect(cluster.tasks("web").map(({ state }) => state)).toEqual(["failed", "failed", "failed"])
    cluster.change("web", {
      command: "exit 1",
      restart,
      image: "web:2",
      update: { FailureAction: "continue", Parallelism: 1 }
    })
    cluster.run(60 * seconds)
    expect(cluster.tasks("web").filter(({ template }) => template.specVersion > 0)).toHaveLength(3)
  })

  it("counts attempts within the window only", () => {
    const cluster = new Cluster({ taskHistoryLimit: 100 })
    const restart = { Condition: "any", Delay: 2 * second, MaxAttempts: 2, Window: 3 * second }
    cluster.create("web", { command: "exit 1", restart })
    cluster.run(60 * seconds)
    expect(cluster.history.size).toBeGreaterThan(8)
  })

  it("whose image is missing is rejected before it starts", () => {
    const cluster = new Cluster({ runtime: virtual({ behaviour: () => ({ isImageMissing: true }) }) })
    cluster.create("web", { restart: { Condition: "none" } })
    cluster.run(5 * seconds)
    expect(cluster.tasks("web")).toMatchObject([
      {
        state: "rejected",
        error: "No such image: web:1",
        message: "preparing",
        container: { containerId: "", exitCode: 0 }
      }
    ])
  })
})

describe("history", () => {
  it("keeps five tasks of a slot, the running one included", () => {
    const cluster = new Cluster()
    cluster.create("web", { command: "sleep 1; exit 1", restart: { Condition: "any", Delay: 0 } })
    cluster.run(120 * seconds)
    expect(cluster.history.size).toBeGreaterThan(10)
    expect(cluster.tasks("web").length).toBeLessThanOrEqual(5)
    expect(cluster.tasks("web").length).toBeGreaterThanOrEqual(4)
  })

  it("is as long as the Swarm says, or as the attempts need", () => {
    const kept = (taskHistoryLimit: number, restart: object) => {
      const cluster = new Cluster({ taskHistoryLimit })
      cluster.create("web", { command: "exit 1", restart: { Condition: "any", Delay: 0, ...restart } })
      cluster.run(60 * seconds)
      return cluster.tasks("web").length
    }
    expect(kept(2, {})).toBeLessThanOrEqual(2)
    expect(kept(2, { MaxAttempts: 6 })).toBe(7)
    expect(kept(-1, {})).toBeGreaterThan(10)
  })
})

describe("a task with a health check", () => {
  const healthcheck = { Test: ["CMD", "true"], Interval: 2 * second, Retries: 2 }

  it("counts as running when it is healthy, not before", () => {
    const cluster = new Cluster()
    cluster.create("web", { healthcheck })
    const starting = cluster.until("it starts", () => cluster.tasks("web")[0]?.state === "starting")
    const running = cluster.until("it runs", () => cluster.serving("web").length === 1)
    expect(running).toBeGreaterThanOrEqual(2 * seconds)
    expect(starting).toBeLessThan(seconds)
  })

  it("fails when it becomes unhealthy, and is replaced", () => {
    const cluster = new Cluster()
    cluster.running("web", { healthcheck })
    const [task] = cluster.serving("web")
    cluster.fault({ _tag: "unhealthy", task: task?.id ?? "", on: true })
    cluster.until("it fails", () => cluster.tasks("web").some(({ state }) => state === "failed"))
    expect(cluster.store.tasks.get(task?.id ?? "")?.error).toBe(
      "task: non-zero exit (137): dockerexec: unhealthy container"
    )
    cluster.until("another runs", () => cluster.serving("web").length === 1)
  })

  it("that never gets healthy never counts as running", () => {
    const cluster = new Cluster()
    cluster.create("web", { healthcheck })
    cluster.fault({ _tag: "unhealthy", service: "web", on: true })
    cluster.run(60 * seconds)
    expect([...cluster.history.values()].flat()).not.toContain("running")
    expect(cluster.tasks("web").some(({ state }) => state === "failed")).toBe(true)
  })
})

describe("a stop", () => {
  it("unbinds a task of a network for two seconds first; its state shows it running until it has stopped", () => {
    const stopped = (networks: ReadonlyArray<string>) => {
      const cluster = new Cluster()
      const net = cluster.swarm.createNetwork({ Name: "net", Driver: "overlay" })
      expect(net.ok).toBe(true)
      cluster.running("web", { networks })
      cluster.scale("web", 0)
      cluster.until("it is told", () => cluster.tasks("web")[0]?.desired === "remove")
      return cluster.until("it is gone", () => cluster.tasks("web").length === 0)
    }
    expect(stopped([])).toBeLessThan(seconds)
    expect(stopped(["net"])).toBeGreaterThan(2 * seconds)
  })
})
