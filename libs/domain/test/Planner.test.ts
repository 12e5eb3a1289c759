import { describe, expect, it } from "vitest"
import { NodeId, ServiceId } from "../src/Ids.ts"
import { Mount } from "../src/Service.ts"
import { plan } from "../src/Planner.ts"
import { applyAll, applyMove } from "../src/planner/Simulate.ts"
import { counts, placement, snapshot, type ServiceInput } from "./fixtures/Cluster.ts"

const single = (name: string, tasks: string, rest: Partial<ServiceInput> = {}): ServiceInput => ({
  name,
  tasks,
  ...rest
})
const vvm = (i: number, tasks: string) => single(`vvm${i}`, tasks, { group: "vvm" })

describe("services of one replica", () => {
  it("moves two of six in a group from 3-3-0 to 2-2-2", () => {
    const state = snapshot({
      nodes: ["n1", "n2", "n3"],
      services: [vvm(1, "n1"), vvm(2, "n1"), vvm(3, "n1"), vvm(4, "n2"), vvm(5, "n2"), vvm(6, "n2")]
    })
    const made = plan(state)
    expect(made.moves.map(({ strategy, from, to }) => [strategy, from, to])).toEqual(
      expect.arrayContaining([
        ["pin", "n1", "n3"],
        ["pin", "n2", "n3"]
      ])
    )
    expect(made.moves).toHaveLength(2)
    expect(made.moves[0]?.reason).toMatchObject({ _tag: "GroupSpread", group: "vvm", from: 3, to: 0 })
    expect(counts(applyAll(state, made.moves))).toBe("2-2-2")
    expect(made.kept).toHaveLength(4)
    expect(made.balanceBefore.groupSkew).toBe(3)
    expect(made.balanceAfter.groupSkew).toBe(0)
    expect(made.basedOn.services).toHaveLength(2)
  })

  it("takes global tasks as a background that does not move", () => {
    const state = snapshot({
      nodes: ["n1", "n2"],
      services: [
        single("agent", "n1", { mode: { kind: "global" } }),
        single("logs", "n1", { mode: { kind: "global" } }),
        single("a", "n1"),
        single("b", "n2")
      ]
    })
    const made = plan(state)
    expect(made.moves.map(({ service, to, reason }) => [service, to, reason._tag])).toEqual([["a", "n2", "NodeSpread"]])
    expect(made.kept.map(({ serviceName, reason }) => [serviceName, reason._tag])).toEqual([
      ["agent", "Global"],
      ["b", "Balanced"],
      ["logs", "Global"]
    ])
  })

  it("evens out the group before the nodes", () => {
    const state = snapshot({
      nodes: ["n1", "n2"],
      services: [
        vvm(1, "n1"),
        vvm(2, "n1"),
        single("x", "n2"),
        single("y", "n2"),
        single("z", "n2", { mounts: [bind] })
      ]
    })
    const after = applyAll(state, plan(state).moves)
    expect([placement(after, "vvm1"), placement(after, "vvm2")].toSorted()).toEqual(["n1", "n2"])
    expect(counts(after)).toMatch(/^(2-3|3-2)$/)
  })

  it("moves by way of a third service where the direct way is not allowed", () => {
    const state = snapshot({
      nodes: [
        { name: "n1", labels: { a: "1" } },
        { name: "n2", labels: { a: "1", b: "1" } },
        { name: "n3", labels: { b: "1" } }
      ],
      services: [
        single("p1", "n1", { constraints: ["node.labels.a==1"] }),
        single("p2", "n1", { constraints: ["node.labels.a==1"] }),
        single("q1", "n2", { constraints: ["node.labels.b==1"] })
      ]
    })
    const made = plan(state)
    expect(made.moves).toHaveLength(2)
    expect(counts(applyAll(state, made.moves))).toBe("1-1-1")
  })

  it("gives nothing to nodes that are drained, paused, down or excluded", () => {
    const services = [vvm(1, "n1"), vvm(2, "n1"), vvm(3, "n1")]
    for (const closed of [{ availability: "drain" }, { availability: "pause" }, { state: "down" }])
      expect(plan(snapshot({ nodes: ["n1", { name: "n2", ...closed }], services })).moves).toEqual([])
    const excludedNodes = new Set([NodeId.make("n2")])
    expect(plan(snapshot({ nodes: ["n1", "n2"], services }), { excludedNodes }).moves).toEqual([])
  })

  it("fills a node that was added", () => {
    const services = [1, 2, 3, 4, 5, 6, 7, 8].map((i) => vvm(i, `n${(i % 4) + 1}`))
    const state = snapshot({ nodes: ["n1", "n2", "n3", "n4", "n5"], services })
    const made = plan(state)
    expect(made.moves).toHaveLength(1)
    expect(counts(applyAll(state, made.moves)).split("-").toSorted().join("-")).toBe("1-1-2-2-2")
  })

  it("goes round a node without room and says so", () => {
    const heavy = (name: string, tasks: string) => single(name, tasks, { group: "g", memoryBytes: 600 })
    const state = snapshot({
      nodes: [
        { name: "n1", memoryBytes: 10_000 },
        { name: "n2", memoryBytes: 1_000 }
      ],
      services: [heavy("a", "n1"), heavy("b", "n1"), heavy("c", "n1"), heavy("d", "n1"), heavy("e", "n1")]
    })
    const made = plan(state)
    expect(counts(applyAll(state, made.moves))).toBe("4-1")
    const unreachable = made.kept.filter(({ reason }) => reason._tag === "Unreachable")
    expect(unreachable.length).toBeGreaterThan(0)
    expect(unreachable[0]?.text).toContain("insufficient resources on 1 node")
  })

  it("makes room first where two services share a host port", () => {
    const state = snapshot({
      nodes: [
        { name: "n1", labels: { a: "1" } },
        { name: "n2", labels: { a: "1", b: "1" } },
        { name: "n3", labels: { b: "1" } }
      ],
      services: [
        single("p1", "n1", { constraints: ["node.labels.a==1"], hostPorts: [80] }),
        single("p2", "n1", { constraints: ["node.labels.a==1", "node.hostname!=n2"] }),
        single("q1", "n2", { constraints: ["node.labels.b==1"], hostPorts: [80] })
      ]
    })
    const made = plan(state)
    expect(made.moves.map(({ service, to }) => [service, to])).toEqual([
      ["q1", "n3"],
      ["p1", "n2"]
    ])
  })

  it("prefers to move what its label calls cheap", () => {
    const at = (name: string, cost: string) => single(name, "n1", { group: "g", labels: { "evenkeel.cost": cost } })
    const state = snapshot({ nodes: ["n1", "n2"], services: [at("a", "3"), at("b", "0.5"), at("c", "2")] })
    expect(plan(state).moves.map(({ service }) => service)).toEqual(["b"])
  })
})

const bind = new Mount({ type: "bind", source: "/srv", target: "/data", readOnly: true, driver: "" })

describe("services of several replicas", () => {
  it("surges 2-0-1 to 1-1-1", () => {
    const state = snapshot({ nodes: ["n1", "n2", "n3"], services: [single("web", "n1 n1 n3")] })
    const made = plan(state)
    expect(made.moves).toMatchObject([
      { strategy: "surge", from: "n1", to: "n2", task: "web.2", slot: 2, alternatives: [], reason: { from: 2, to: 0 } }
    ])
    expect(placement(applyAll(state, made.moves), "web")).toBe("n1 n2 n3")
  })

  it("names every node that Swarm may choose", () => {
    const state = snapshot({ nodes: ["n1", "n2", "n3"], services: [single("web", "n1 n1 n1 n1 n1 n1")] })
    const made = plan(state)
    expect(made.moves).toHaveLength(4)
    expect(made.moves[0]).toMatchObject({ to: "n2", alternatives: ["n3"] })
    expect(counts(applyAll(state, made.moves))).toBe("2-2-2")
    const [first] = made.moves
    if (first === undefined) throw new Error("no move")
    expect(plan(applyMove(state, first, NodeId.make("n3"))).moves).toHaveLength(3)
  })

  it("does nothing where a surge would gain nothing", () => {
    for (const tasks of ["n1", "n1 n2", "n1 n2 n3", "n1 n1 n2 n3"])
      expect(plan(snapshot({ nodes: ["n1", "n2", "n3"], services: [single("web", tasks)] })).moves).toEqual([])
  })

  it("stays when the victim would be another", () => {
    // Swarm counts the tasks of a paused node too and would stop one of those.
    const state = snapshot({
      nodes: [{ name: "n1", availability: "pause" }, "n2", "n3"],
      services: [single("web", "n1 n1 n1 n2 n2")]
    })
    const made = plan(state)
    expect(made.moves).toEqual([])
    expect(made.kept[0]?.reason._tag).toBe("Unreachable")
    expect(made.kept[0]?.text).toContain("Swarm would stop one on n1")
  })

  it("keeps to max replicas per node and to reservations", () => {
    const capped = single("web", "n1 n1 n1 n2", { maxReplicasPerNode: 1 })
    const nodes = ["n1", "n2", "n3"]
    const state = snapshot({ nodes, services: [capped] })
    expect(placement(applyAll(state, plan(state).moves), "web")).toBe("n1 n1 n2 n3")
    const small = { name: "n3", memoryBytes: 10 }
    const full = snapshot({ nodes: ["n1", "n2", small], services: [single("web", "n1 n1 n2", { memoryBytes: 100 })] })
    expect(plan(full).moves).toEqual([])
  })

  it("counts the singles' group after the surges", () => {
    const state = snapshot({
      nodes: ["n1", "n2", "n3"],
      services: [
        single("web", "n1 n1 n2", { group: "g" }),
        single("a", "n1", { group: "g" }),
        single("b", "n2", { group: "g" })
      ]
    })
    const made = plan(state)
    expect(made.moves.map(({ strategy }) => strategy)).toEqual(["surge"])
    expect(counts(applyAll(state, made.moves)).split("-").toSorted().join("-")).toBe("1-2-2")
  })
})

describe("what the policy says", () => {
  const nodes = ["n1", "n2"]
  const three = [vvm(1, "n1"), vvm(2, "n1"), vvm(3, "n1")]
  it("leaves services in cool-down and paused ones alone", () => {
    const coolDown = new Set(three.map(({ name }) => ServiceId.make(name)))
    expect(plan(snapshot({ nodes, services: three }), { coolDown }).moves).toEqual([])
    const made = plan(snapshot({ nodes, services: three }), { pausedServices: coolDown })
    expect(made.kept.map(({ reason }) => reason._tag)).toEqual(["Paused", "Paused", "Paused"])
  })

  it("puts up with the differences it is told to", () => {
    const state = snapshot({ nodes, services: [1, 2, 3, 4, 5, 6].map((i) => vvm(i, "n1")) })
    expect(plan(state, { maxGroupSkew: 6, maxNodeSkew: 6 }).moves).toEqual([])
    expect(plan(state, { maxGroupSkew: 2, maxNodeSkew: 6 }).moves).toHaveLength(2)
    expect(plan(state).moves).toHaveLength(3)
  })
})
