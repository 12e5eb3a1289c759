import { describe, expect, it } from "vitest"
import { Cluster, seconds, type ServiceInput } from "./Cluster.ts"

const second = 1e9

/** The most and the fewest serving tasks of all commits while the time runs. */
const extremes = (cluster: Cluster, name: string, millis: number) => {
  let [fewest, most] = [Infinity, 0]
  const stop = cluster.swarm.onChange(() => {
    const count = cluster.serving(name).length
    fewest = Math.min(fewest, count)
    most = Math.max(most, count)
  })
  cluster.run(millis)
  stop()
  return { fewest, most }
}

const three: ServiceInput = { replicas: 3 }
const newImage = (input: ServiceInput): ServiceInput => ({ ...input, image: "web:2" })

describe("a rolling update", () => {
  it("stops first by default: one task fewer at a time, all new in the end", () => {
    const cluster = new Cluster()
    cluster.running("web", three)
    const before = cluster.ids("web")
    cluster.change("web", newImage(three))
    cluster.run(50)
    expect(cluster.updateStatus("web")).toBe("updating: update in progress")
    expect(extremes(cluster, "web", 30 * seconds)).toEqual({ fewest: 2, most: 3 })
    expect(cluster.updateStatus("web")).toBe("completed: update completed")
    expect(cluster.ids("web").filter((id) => before.includes(id))).toEqual([])
    expect(cluster.counts("web")).toBe("1-1-1")
  })

  it("with start-first never has fewer", () => {
    const cluster = new Cluster()
    const input = { ...three, update: { Parallelism: 1, Order: "start-first" } }
    cluster.running("web", input)
    cluster.change("web", newImage(input))
    expect(extremes(cluster, "web", 30 * seconds)).toEqual({ fewest: 3, most: 4 })
    expect(cluster.updateStatus("web")).toBe("completed: update completed")
  })

  it("takes as many slots at a time as its parallelism says; 0 means all", () => {
    const fewest = (Parallelism: number) => {
      const cluster = new Cluster()
      const input = { replicas: 6, update: { Parallelism } }
      cluster.running("web", input)
      cluster.change("web", newImage(input))
      return extremes(cluster, "web", 30 * seconds).fewest
    }
    expect([fewest(1), fewest(4), fewest(0)]).toEqual([5, 2, 0])
  })

  it("waits between slots, and declares itself complete after the monitoring time", () => {
    const cluster = new Cluster()
    const input = { replicas: 2, update: { Parallelism: 1, Delay: 20 * second, Monitor: 3 * second } }
    cluster.running("web", input)
    cluster.change("web", newImage(input))
    const isNew = () => cluster.serving("web").filter(({ template }) => template.specVersion > 0).length
    const first = cluster.until("the first is new", () => isNew() === 1)
    const second_ = cluster.until("the second is new", () => isNew() === 2)
    expect(second_).toBeGreaterThan(20 * seconds)
    expect(second_).toBeLessThan(20 * seconds + 2 * first)
    const toEnd = cluster.until("complete", () => cluster.updateStatus("web").startsWith("completed"))
    expect(toEnd).toBeGreaterThanOrEqual(41 * seconds)
  })

  it("leaves no room for start-first where the limit per node is reached", () => {
    const cluster = new Cluster()
    const input = { ...three, maxReplicas: 1, update: { Parallelism: 1, Order: "start-first" } }
    cluster.running("web", input)
    const before = cluster.ids("web")
    cluster.change("web", newImage(input))
    cluster.run(120 * seconds)
    expect(cluster.ids("web").toSorted()).toEqual(before.toSorted())
    expect(cluster.updateStatus("web")).toBe("updating: update in progress")
    expect(cluster.errors("web")).toEqual(["no suitable node (max replicas per node limit exceed)"])
  })

  it("goes on towards a newer spec when one comes in the middle of it", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 4 })
    cluster.change("web", { replicas: 4, image: "web:2" })
    cluster.run(3 * seconds)
    cluster.change("web", { replicas: 5, image: "web:3" })
    cluster.run(90 * seconds)
    const images = cluster
      .serving("web")
      .map(({ template }) => (template.spec["ContainerSpec"] as { Image: string }).Image)
    expect(images).toEqual(Array(5).fill("web:3"))
    expect(cluster.updateStatus("web")).toBe("completed: update completed")
  })
})

describe("a slot without a task that is wanted", () => {
  it("whose old task was replaced before its turn came is passed over", () => {
    const cluster = new Cluster()
    const update = { Parallelism: 1, Delay: 60 * second }
    cluster.running("web", { replicas: 2, command: "sleep 20; exit 1", update })
    cluster.change("web", { replicas: 2, update })
    cluster.run(200 * seconds)
    // The old tasks, the updated one, and the one that the restart had made of the new spec already.
    expect(cluster.tasks("web").map(({ slot }) => slot)).toEqual([1, 2, 1, 2])
    expect(cluster.serving("web")).toHaveLength(2)
    expect(cluster.updateStatus("web")).toBe("completed: update completed")
  })

  it("is kept for the task that the update makes there, though other slots have ended too", () => {
    const cluster = new Cluster()
    cluster.create("web", { replicas: 2, command: "sleep 1; exit 1", restart: { Condition: "none" } })
    cluster.run(20 * seconds)
    cluster.change("web", { replicas: 1, update: { Order: "start-first" } })
    cluster.run(60 * seconds)
    expect(cluster.serving("web")).toHaveLength(1)
    expect(cluster.updateStatus("web")).toBe("completed: update completed")
  })
})

describe("an update that fails", () => {
  const failing = (action: string, more: object = {}): { readonly cluster: Cluster; readonly failed: string } => {
    // The update notices a failure before the restart does, the first of the candidates.
    const cluster = new Cluster({ choices: { pick: () => 0 } })
    const input = { ...three, restart: { Condition: "any", Delay: 0 } }
    cluster.running("web", input)
    const update = { Parallelism: 1, FailureAction: action, Monitor: 5 * second, ...more }
    cluster.change("web", { ...input, command: "exit 1", update })
    cluster.run(40 * seconds)
    const failed = cluster.tasks("web").find(({ state }) => state === "failed")
    return { cluster, failed: failed?.id ?? expect.fail("none failed") }
  }

  it("pauses by default, with the old tasks of the other slots left alone", () => {
    const { cluster } = failing("pause")
    expect(cluster.updateStatus("web")).toMatch(/^paused: update paused due to failure or early termination of task /)
    expect(cluster.serving("web")).toHaveLength(2)
    const { previousSpec, spec } = cluster.service("web")
    expect([previousSpec === null, spec === previousSpec]).toEqual([false, false])
  })

  it("stays paused until the service is updated, whatever that changes: then it goes on", () => {
    const { cluster } = failing("pause")
    cluster.run(300 * seconds)
    expect(cluster.serving("web")).toHaveLength(2)
    cluster.update("web", (spec) => ({ ...spec, Labels: { x: "y" } }))
    cluster.run(seconds)
    expect(cluster.updateStatus("web")).toBe("updating: update in progress")
  })

  it("goes through with it when told to continue", () => {
    const { cluster } = failing("continue")
    cluster.run(60 * seconds)
    expect(cluster.serving("web")).toEqual([])
    expect(cluster.updateStatus("web")).toBe("completed: update completed")
  })

  it("goes back, with no previous spec left", () => {
    const { cluster } = failing("rollback")
    cluster.run(40 * seconds)
    expect(cluster.updateStatus("web")).toBe("rollback_completed: rollback completed")
    expect(cluster.serving("web")).toHaveLength(3)
    expect(cluster.service("web").previousSpec).toBe(null)
  })

  it("bears as many failures as its ratio allows", () => {
    const { cluster } = failing("pause", { MaxFailureRatio: 0.5 })
    const failedFirst = cluster.tasks("web").filter(({ state }) => state === "failed")
    expect(new Set(failedFirst.map(({ slot }) => slot)).size).toBeGreaterThanOrEqual(2)
  })
})

describe("a rollback", () => {
  it("by hand swaps the specs, by the rollback's own settings", () => {
    const cluster = new Cluster()
    const rollback = { Parallelism: 0, Monitor: second }
    cluster.running("web", { ...three, rollback })
    const before = cluster.service("web").spec
    cluster.change("web", { ...newImage(three), rollback })
    cluster.run(60 * seconds)
    const after = cluster.service("web").spec
    expect(cluster.update("web", (spec) => spec, true).ok).toBe(true)
    expect(cluster.updateStatus("web")).toBe("rollback_started: manually requested rollback")
    expect(cluster.service("web")).toMatchObject({ spec: before, previousSpec: after })
    expect(extremes(cluster, "web", 30 * seconds).fewest).toBe(0)
    expect(cluster.updateStatus("web")).toBe("rollback_completed: rollback completed")
  })

  it("without a previous spec is refused", () => {
    const cluster = new Cluster()
    const id = cluster.running("web", three)
    expect(cluster.update("web", (spec) => spec, true)).toEqual({
      ok: false,
      failure: {
        _tag: "FailedPrecondition",
        message: `rpc error: code = FailedPrecondition desc = service ${id} does not have a previous spec`
      }
    })
  })
})

describe("what restarts nothing", () => {
  const unchanged = (before: ServiceInput, after: ServiceInput) => {
    const cluster = new Cluster()
    cluster.running("web", before)
    const ids = cluster.ids("web").toSorted()
    cluster.change("web", after)
    cluster.run(60 * seconds)
    expect(cluster.ids("web").toSorted()).toEqual(ids)
    return cluster
  }

  it("a change of labels, replicas or update settings", () => {
    const cluster = unchanged(three, { ...three, labels: { a: "b" }, update: { Parallelism: 2 } })
    expect(cluster.updateStatus("web")).toBe("none")
  })

  it("the same spec again; the previous spec then equals it", () => {
    const cluster = unchanged(three, three)
    expect(cluster.service("web").previousSpec).toEqual(cluster.service("web").spec)
  })

  it("constraints, preferences and limits that the tasks' nodes satisfy already", () => {
    unchanged(three, { ...three, constraints: ["node.role==manager"], maxReplicas: 1, preferences: ["node.labels.z"] })
  })

  it("a number that JavaScript cannot hold, posted back to the digit", () => {
    const cluster = new Cluster()
    const raw = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON("9223372036854775807")
    cluster.running("web", { container: { Ulimits: [{ Name: "nofile", Soft: raw, Hard: raw }] } })
    const [id] = cluster.ids("web")
    expect(JSON.stringify(cluster.service("web").spec)).toContain('"Soft":9223372036854775807')
    cluster.update("web", (spec) => spec)
    cluster.run(30 * seconds)
    expect(cluster.ids("web")).toEqual([id])
  })
})

describe("what moves or restarts tasks", () => {
  it("a spec with its defaults written out restarts all, as on the real one", () => {
    const cluster = new Cluster()
    cluster.running("web", three)
    const before = cluster.ids("web")
    cluster.change("web", {
      ...three,
      container: { StopGracePeriod: 10 * second, DNSConfig: {} },
      restart: { Condition: "any", Delay: 5 * second, MaxAttempts: 0 }
    })
    cluster.run(60 * seconds)
    expect(cluster.ids("web").filter((id) => before.includes(id))).toEqual([])
  })

  it("a pin moves the one task, started first, and taking it away again moves nothing", () => {
    const cluster = new Cluster({ seed: 4 })
    const update = { Parallelism: 1, Order: "start-first" }
    cluster.running("web", { update })
    const target = cluster.placement("web") === "n2" ? "n3" : "n2"
    cluster.change("web", { update, constraints: [`node.hostname==${target}`] })
    expect(extremes(cluster, "web", 20 * seconds).fewest).toBe(1)
    expect(cluster.placement("web")).toBe(target)
    const moved = cluster.ids("web")
    cluster.change("web", { update })
    cluster.run(30 * seconds)
    expect(cluster.ids("web")).toEqual(moved)
  })

  it("a constraint that empties a node moves its tasks and no others", () => {
    const cluster = new Cluster()
    const update = { Parallelism: 1, Order: "start-first" }
    cluster.running("web", { replicas: 6, update })
    const others = cluster.serving("web").filter((task) => cluster.hostname(task) !== "n2")
    cluster.change("web", { replicas: 6, update, constraints: ["node.hostname!=n2"] })
    cluster.run(60 * seconds)
    expect(cluster.counts("web")).toBe("3-0-3")
    expect(cluster.ids("web")).toEqual(expect.arrayContaining(others.map(({ id }) => id)))
  })

  it("a new counter of forced updates restarts all", () => {
    const cluster = new Cluster()
    cluster.running("web", three)
    const before = cluster.ids("web")
    cluster.change("web", { ...three, template: { ForceUpdate: 1 } })
    cluster.run(60 * seconds)
    expect(cluster.ids("web").filter((id) => before.includes(id))).toEqual([])
  })
})
