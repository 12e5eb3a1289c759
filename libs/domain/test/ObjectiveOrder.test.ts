/** Each rule of the objective by itself: what decides between equal moves, what thresholds and weights leave out. */
import { describe, expect, it } from "vitest"
import { plan } from "../src/Planner.ts"
import { applyAll } from "../src/planner/Simulate.ts"
import { Snapshot } from "../src/Snapshot.ts"
import { Task } from "../src/Task.ts"
import { placement, type ServiceInput, snapshot } from "./fixtures/Cluster.ts"

const single = (name: string, group?: string): ServiceInput => ({
  ...{ name, tasks: "n1" },
  ...(group === undefined ? {} : { group })
})
const singles = (count: number, group?: string) => Array.from({ length: count }, (_, i) => single(`s${i + 1}`, group))
const nodes = ["n1", "n2"]

/** The snapshot with tasks of these times; read at the end of January. */
const withTimes = (state: Snapshot, times: Readonly<Record<string, string>>) =>
  new Snapshot({
    ...{ nodes: state.nodes, services: state.services, networks: [], readBy: state.readBy },
    tasks: state.tasks.map((task) => new Task({ ...task, createdAt: times[task.id] ?? task.createdAt })),
    readAtMillis: Date.parse("2026-02-01T00:00:00Z")
  })

describe("what is evened out first", () => {
  it("is a service, although its group gets less even", () => {
    const others = ["a", "b"].map((name): ServiceInput => ({
      ...{ name, tasks: "n2", group: "g" },
      labels: { "evenkeel.rebalance": "off" }
    }))
    const state = snapshot({ nodes, services: [{ name: "web", tasks: "n1 n1", group: "g" }, ...others] })
    expect(placement(applyAll(state, plan(state).moves), "web")).toBe("n1 n2")
  })

  it("is a service over the values of its preference, although its nodes get less even", () => {
    const zoned = ["a", "b", "b", "b", "b"].map((zone, i) => ({ name: `n${i + 1}`, labels: { zone } }))
    const web = { name: "web", tasks: "n1 n1 n2 n3 n4 n5", preferences: ["node.labels.zone"] }
    const state = snapshot({ nodes: zoned, services: [web] })
    expect(placement(applyAll(state, plan(state).moves), "web")).toMatch(/^n1 n1 n1 /)
  })
})

describe("between equally cheap moves", () => {
  it("that of the task which has run for hours comes before those that have run for weeks", () => {
    const state = snapshot({ nodes, services: singles(3, "g") })
    for (const young of ["s1", "s2", "s3"]) {
      const aged = withTimes(state, { [`${young}.1`]: "2026-01-31T22:00:00Z" })
      expect(plan(aged).moves.map(({ service }) => service)).toEqual([young])
    }
  })

  it("that of the younger task comes first, however little younger it is", () => {
    const services = ["x", "y"].map((name) => ({ name, tasks: "n1 n2" }))
    const state = snapshot({ nodes: ["n1", "n2", "n3"], services })
    for (const young of ["x", "y"]) {
      const aged = withTimes(state, {
        ...{ [`${young}.1`]: "2026-01-01T00:00:09Z", [`${young}.2`]: "2026-01-01T00:00:09Z" }
      })
      expect(plan(aged).moves.map(({ service }) => service)).toEqual([young])
    }
  })
})

describe("differences that are put up with", () => {
  const web = (tasks: string) => snapshot({ nodes, services: [{ name: "web", tasks }] })
  const movesOf = (state: Snapshot, policy: Parameters<typeof plan>[1]) => plan(state, policy).moves.length

  it("of a service: planning stops as soon as they are kept", () => {
    expect(movesOf(web("n1 n1 n1 n1 n1"), { maxNodeSkew: 9 })).toBe(2)
    expect(movesOf(web("n1 n1 n1 n1 n1"), { maxNodeSkew: 9, maxServiceSkew: 3 })).toBe(1)
    expect(movesOf(web("n1 n1 n1 n1 n1"), { maxNodeSkew: 9, maxServiceSkew: 5 })).toBe(0)
  })

  it("of the nodes", () => {
    const state = snapshot({ nodes, services: singles(6) })
    expect([1, 4, 6].map((maxNodeSkew) => movesOf(state, { maxNodeSkew }))).toEqual([3, 1, 0])
  })

  it("of the nodes, where tasks have no weight", () => {
    const state = snapshot({ nodes, services: singles(6) })
    expect(movesOf(state, { weights: { cpu: 1, memory: 1, tasks: 0 } })).toBe(0)
  })

  it("of reserved CPUs, where they have no weight", () => {
    const big = (name: string): ServiceInput => ({ name, tasks: "n1", nanoCpus: 400 })
    const small = nodes.map((name) => ({ name, nanoCpus: 1_000 }))
    const state = snapshot({ nodes: small, services: [big("x"), big("y"), { name: "z", tasks: "n2" }] })
    expect(plan(state).moves.map(({ reason }) => reason._tag)).toEqual(["LoadSpread"])
    expect(movesOf(state, { weights: { cpu: 0, memory: 1, tasks: 1 } })).toBe(0)
  })
})
