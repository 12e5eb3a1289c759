import { describe, expect, it } from "vitest"
import { type Choices, seeded } from "../../src/swarm/Choices.ts"
import { SeededRandom } from "../../src/swarm/SeededRandom.ts"
import type { TaskHandle, TaskSignals } from "../../src/swarm/TaskRuntime.ts"
import { virtual } from "../../src/swarm/VirtualRuntime.ts"
import { Cluster, refusalOf, seconds, valueOf } from "./Cluster.ts"

const isDown = (cluster: Cluster, node: string) => () => cluster.node(node).state === "down"

describe("a node that is lost", () => {
  it("goes down after three heartbeats since its last one", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = new Cluster({ seed })
      cluster.running("web", { replicas: 3 })
      cluster.fault({ _tag: seed % 2 === 0 ? "crash" : "black-hole", node: "n3" })
      const took = cluster.until("n3 is down", isDown(cluster, "n3"))
      expect(took).toBeGreaterThanOrEqual((13.5 - 5.5) * seconds)
      expect(took).toBeLessThanOrEqual(16.6 * seconds)
      expect(cluster.node("n3").message).toBe("heartbeat failure")
    }
  })

  it("follows the heartbeat that the Swarm is set to", () => {
    const cluster = new Cluster({ heartbeatMillis: seconds })
    cluster.fault({ _tag: "crash", node: "n3" })
    expect(cluster.until("n3 is down", isDown(cluster, "n3"))).toBeLessThanOrEqual(3.4 * seconds)
  })

  it("is given up: its tasks run elsewhere, and for the Swarm still on it too", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    cluster.fault({ _tag: "black-hole", node: "n3" })
    cluster.until(
      "three serve elsewhere",
      () => /^\d-\d-0$/.test(cluster.counts("web")) && cluster.serving("web").length === 3
    )
    const lost = cluster.tasks("web").filter((task) => cluster.hostname(task) === "n3")
    expect(lost).toMatchObject([{ desired: "shutdown", state: "running" }])
    const agent = cluster.swarm.internals.fleet.engines.get(cluster.nodeId("n3"))?.agent
    expect([...(agent?.tasks.values() ?? [])].map(({ report }) => report.state)).toEqual(["running"])
  })

  it("comes back ready, stops what it still ran, and gets nothing of it back", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 6 })
    cluster.fault({ _tag: "black-hole", node: "n3" })
    cluster.run(40 * seconds)
    cluster.fault({ _tag: "restore", node: "n3" })
    cluster.run(60 * seconds)
    expect(cluster.node("n3").state).toBe("ready")
    expect(cluster.counts("web")).toBe("3-3-0")
    const old = cluster.tasks("web").filter((task) => cluster.hostname(task) === "n3")
    expect(old).toMatchObject([{ state: "shutdown" }, { state: "shutdown" }])
  })

  it("that returns before anyone noticed changes nothing", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    const before = cluster.ids("web")
    cluster.fault({ _tag: "black-hole", node: "n3" })
    cluster.run(6 * seconds)
    cluster.fault({ _tag: "restore", node: "n3" })
    cluster.run(60 * seconds)
    expect(cluster.ids("web")).toEqual(before)
    expect(cluster.node("n3").state).toBe("ready")
  })

  it("and flaps keeps its node down or up, and never loses a replica for good", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 6 })
    cluster.fault({ _tag: "flap", node: "n3", periodMillis: 40 * seconds, times: 3 })
    cluster.run(300 * seconds)
    expect(cluster.serving("web")).toHaveLength(6)
    expect(cluster.node("n3").state).toBe("ready")
  })

  it("after a day has its tasks orphaned", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    cluster.fault({ _tag: "crash", node: "n3" })
    cluster.run(25 * 3600 * seconds)
    const lost = cluster.tasks("web").filter((task) => cluster.hostname(task) === "n3")
    expect(lost).toMatchObject([{ state: "orphaned" }])
  })

  it("holds what its tasks reserved until they are known to have stopped", () => {
    const cluster = new Cluster({ nodes: [{ memoryBytes: 30 * 2 ** 20 }, { memoryBytes: 30 * 2 ** 20 }], managers: 1 })
    cluster.running("web", { replicas: 2, memoryMiB: 20 })
    cluster.fault({ _tag: "black-hole", node: "n2" })
    cluster.run(30 * seconds)
    expect(cluster.errors("web")).toEqual([
      "no suitable node (1 node not available for new tasks; insufficient resources on 1 node)"
    ])
    cluster.fault({ _tag: "restore", node: "n2" })
    cluster.run(40 * seconds)
    expect(cluster.counts("web")).toBe("1-1")
  })
})

describe("a crashed node that boots", () => {
  it("ends what it was still stopping for nobody any more", () => {
    const alive = new Set<TaskHandle>()
    const make = virtual()
    const cluster = new Cluster({
      runtime: (context) => ({
        prepare: (start, signals, extraMillis) => {
          const exited: TaskSignals["exited"] = (code, text) => {
            alive.delete(noted)
            signals.exited(code, text)
          }
          const handle = make(context).prepare(start, { ...signals, exited }, extraMillis)
          const noted: TaskHandle = {
            start: () => handle.start(),
            stop: (graceMillis) => handle.stop(graceMillis),
            freeze: () => handle.freeze(),
            thaw: () => handle.thaw(),
            setHealthy: (isHealthy) => handle.setHealthy(isHealthy),
            kill: () => {
              alive.delete(noted)
              handle.kill()
            }
          }
          alive.add(noted)
          return noted
        }
      })
    })
    valueOf(cluster.swarm.createNetwork({ Name: "net", Driver: "overlay" }))
    const id = cluster.running("web", { replicas: 3, networks: ["net"] })
    cluster.fault({ _tag: "black-hole", node: "n3" })
    cluster.until("it is down", isDown(cluster, "n3"))
    valueOf(cluster.swarm.removeService(id))
    // The next leader knows nothing of the removed service's tasks.
    cluster.run(10 * seconds)
    cluster.fault({ _tag: "leader-change" })
    cluster.run(10 * seconds)
    expect(alive.size).toBe(1)
    const { agent } = cluster.swarm.internals.fleet.engines.get(cluster.nodeId("n3")) ?? expect.fail("no n3")
    cluster.fault({ _tag: "restore", node: "n3" })
    cluster.until("it is told to remove them", () => agent.tasks.size === 0)
    expect(alive.size).toBe(1)
    cluster.fault({ _tag: "crash", node: "n3" })
    expect(alive.size).toBe(0)
  })

  it("reports its containers dead; those that are wanted there are replaced", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    const [lost] = cluster.serving("web").filter((task) => cluster.hostname(task) === "n3")
    cluster.fault({ _tag: "crash", node: "n3" })
    cluster.run(seconds)
    cluster.fault({ _tag: "restore", node: "n3" })
    cluster.run(30 * seconds)
    expect(cluster.store.tasks.get(lost?.id ?? "")).toMatchObject({
      state: "failed",
      error: "task: non-zero exit (255)"
    })
    expect(cluster.serving("web")).toHaveLength(3)
  })
})

describe("a restart of dockerd", () => {
  it("goes unnoticed as a node's loss, but its tasks are replaced", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    const before = cluster.ids("web")
    const states: Array<string> = []
    cluster.swarm.subscribe(({ attributes }) => states.push(attributes["state.new"] ?? ""))
    cluster.fault({ _tag: "restart-dockerd", node: "n3" })
    cluster.run(40 * seconds)
    expect(states).not.toContain("down")
    expect(cluster.serving("web")).toHaveLength(3)
    expect(cluster.ids("web").filter((id) => before.includes(id))).toHaveLength(2)
  })
})

describe("the managers", () => {
  it("after a change of leader think all nodes unknown, then hear of them", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    const before = cluster.ids("web")
    const leader = cluster.swarm.leader()
    const states: Array<string> = []
    const networks = new Set<string>()
    cluster.swarm.subscribe(({ attributes, kind }) => {
      if (kind === "node") states.push(attributes["state.new"] ?? "")
      else if (kind === "network") networks.add(attributes["name"] ?? "")
    })
    cluster.fault({ _tag: "leader-change" })
    expect(cluster.swarm.leader()).toBe(null)
    cluster.run(10 * seconds)
    expect(cluster.swarm.leader()).not.toBe(leader)
    // Between the two the new leader writes every node, and every network, as it found them.
    expect(states).toEqual([...Array(3).fill("unknown"), ...Array(3).fill(""), ...Array(3).fill("ready")])
    expect([...networks].toSorted()).toEqual(["bridge", "host", "ingress"])
    expect(cluster.ids("web")).toEqual(before)
  })

  it("give a node that was lost with the leader twice the grace", () => {
    const cluster = new Cluster()
    const leader = cluster.swarm.hostnameOf(cluster.swarm.leader() ?? "")
    cluster.running("web", { replicas: 3 })
    cluster.fault({ _tag: "black-hole", node: leader })
    const took = cluster.until("it is down", isDown(cluster, leader))
    expect(took).toBeGreaterThan(27 * seconds)
    expect(took).toBeLessThan(39 * seconds)
    cluster.run(20 * seconds)
    expect(cluster.serving("web")).toHaveLength(3)
  })

  it("have no leader without a majority, and a new one when it is back", () => {
    const cluster = new Cluster()
    cluster.fault({ _tag: "crash", node: "n2" })
    cluster.fault({ _tag: "crash", node: "n3" })
    cluster.run(60 * seconds)
    expect(cluster.swarm.leader()).toBe(null)
    expect(cluster.swarm.isReachable(cluster.nodeId("n1"))).toBe(false)
    cluster.fault({ _tag: "restore", node: "n2" })
    cluster.run(20 * seconds)
    expect(cluster.swarm.leader()).not.toBe(null)
  })

  it.each([
    // A leader notices after ten to twenty seconds that it has lost the others.
    ["called down before it noticed", 2 * seconds, "down"],
    ["not yet given up when it noticed", 10 * seconds, "unknown"]
  ] as const)("know of a node what their leader without a majority did: %s", (_, heartbeatMillis, expected) => {
    const cluster = new Cluster({ heartbeatMillis, leader: "n1" })
    cluster.fault({ _tag: "crash", node: "n2" })
    cluster.fault({ _tag: "crash", node: "n3" })
    cluster.run(60 * seconds)
    const states: Array<string> = []
    cluster.swarm.subscribe(({ attributes }) => {
      if (attributes["name"] === "n3" && "state.new" in attributes) states.push(attributes["state.new"])
    })
    cluster.fault({ _tag: "restore", node: "n2" })
    cluster.run(30 * seconds)
    expect(cluster.swarm.hostnameOf(cluster.swarm.leader() ?? "")).toBe("n1")
    expect(states[0]).toBe(expected)
  })

  it.each([
    ["kept", false],
    ["raised", true]
  ] as const)("go on, or elect once more, when one comes back from a black hole (term %s)", (term, elects) => {
    const choices = seeded(new SeededRandom(1))
    const pick: Choices["pick"] = (choice) =>
      choice.kind === "term" ? choice.candidates.indexOf(term) : choices.pick(choice)
    const cluster = new Cluster({ choices: { pick } })
    cluster.running("web", { replicas: 3 })
    cluster.fault({ _tag: "black-hole", node: "n3" })
    cluster.until("it is down", isDown(cluster, "n3"))
    const states: Array<string> = []
    cluster.swarm.subscribe(({ attributes }) => {
      if (attributes["name"] === "n2") states.push(attributes["state.new"] ?? "")
    })
    cluster.fault({ _tag: "restore", node: "n3" })
    cluster.run(30 * seconds)
    expect(states.includes("unknown")).toBe(elects)
    expect(cluster.ids("web")).toHaveLength(3)
  })

  it("hand over before they become workers; the role follows the spec", () => {
    const cluster = new Cluster()
    const leader = cluster.swarm.hostnameOf(cluster.swarm.leader() ?? "")
    const roles: Array<string> = []
    cluster.swarm.subscribe(({ attributes, kind }) => {
      if (kind === "node" && attributes["name"] === leader) roles.push(attributes["role.new"] ?? "")
    })
    cluster.setNode(leader, { Role: "worker" })
    cluster.run(20 * seconds)
    expect(cluster.swarm.hostnameOf(cluster.swarm.leader() ?? "")).not.toBe(leader)
    expect(cluster.swarm.isManager(cluster.nodeId(leader))).toBe(false)
    expect(roles[0]).toBe("")
    expect(roles.filter((role) => role !== "")).toEqual(["worker"])
  })

  it("finish what another one began: a delayed restart, an update", () => {
    const cluster = new Cluster()
    const input = { replicas: 6, update: { Parallelism: 1, Delay: 5e9 } }
    cluster.running("web", input)
    cluster.change("web", { ...input, image: "web:2" })
    cluster.run(8 * seconds)
    cluster.fault({ _tag: "leader-change" })
    cluster.run(120 * seconds)
    expect(cluster.serving("web").every(({ template }) => template.specVersion > 0)).toBe(true)
    expect(cluster.updateStatus("web")).toBe("completed: update completed")
  })

  it("are those whose role says so, and the last one cannot be demoted", () => {
    const cluster = new Cluster({ nodes: 3, managers: 1 })
    const n2 = cluster.nodeId("n2")
    expect(cluster.swarm.isManager(n2)).toBe(false)
    cluster.setNode("n2", { Role: "manager" })
    cluster.run(5 * seconds)
    expect(cluster.swarm.isManager(n2)).toBe(true)
    const demote = (name: string) => {
      const { id, spec, version } = cluster.node(name)
      return cluster.swarm.updateNode(id, BigInt(version), { ...spec, Role: "worker" })
    }
    expect(demote("n2").ok).toBe(true)
    cluster.run(5 * seconds)
    expect(refusalOf(demote("n1"))).toBe(
      "FailedPrecondition: rpc error: code = FailedPrecondition desc = attempting to demote the last manager of the swarm"
    )
  })
})

describe("availability", () => {
  it("drain moves all tasks off at once, without the restart's delay", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 6 })
    cluster.setNode("n3", { Availability: "drain" })
    const took = cluster.until("moved", () => cluster.counts("web") === "3-3-0")
    expect(took).toBeLessThan(4 * seconds)
    cluster.setNode("n3", { Availability: "active" })
    cluster.run(30 * seconds)
    expect(cluster.counts("web")).toBe("3-3-0")
  })

  it("pause leaves tasks where they are and takes no new ones", () => {
    const cluster = new Cluster()
    cluster.running("web", { replicas: 3 })
    cluster.setNode("n3", { Availability: "pause" })
    cluster.scale("web", 9)
    cluster.run(10 * seconds)
    expect(cluster.counts("web")).toBe("4-4-1")
  })
})

describe("the constraint enforcer", () => {
  it("rejects tasks whose node loses what the service asks of it, by the service's present constraints", () => {
    const cluster = new Cluster({ nodes: [{ labels: { a: "1" } }, { labels: { a: "1" } }, {}], managers: 1 })
    cluster.running("web", { replicas: 2 })
    cluster.change("web", { replicas: 2, constraints: ["node.labels.a==1"] })
    cluster.run(60 * seconds)
    expect(cluster.counts("web")).toMatch(/-0$/)
    const [task] = cluster.serving("web").filter((each) => cluster.hostname(each) === "n1")
    cluster.setNode("n1", { Labels: {} })
    cluster.run(20 * seconds)
    expect(cluster.store.tasks.get(task?.id ?? "")).toMatchObject({
      state: "rejected",
      error: "assigned node no longer meets constraints",
      message: "task rejected by constraint enforcer"
    })
    expect(cluster.counts("web")).toBe("0-2-0")
  })
})

describe("a node's removal", () => {
  it("is refused while it is up or manages, unless forced; its tasks are orphaned", () => {
    const cluster = new Cluster({ nodes: 4, managers: 3 })
    cluster.running("web", { replicas: 4 })
    const [manager, worker] = [cluster.nodeId("n1"), cluster.nodeId("n4")]
    expect(refusalOf(cluster.swarm.removeNode(manager, true))).toContain("is a cluster manager")
    expect(refusalOf(cluster.swarm.removeNode(worker, false))).toContain("is not down and can't be removed")
    const [lost] = cluster.serving("web").filter(({ nodeId }) => nodeId === worker)
    expect(cluster.swarm.removeNode(worker, true).ok).toBe(true)
    cluster.run(20 * seconds)
    expect(cluster.store.tasks.get(lost?.id ?? "")).toMatchObject({ state: "orphaned" })
    expect(cluster.serving("web")).toHaveLength(4)
  })
})
