import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { Plan } from "../src/Plan.ts"
import { plan } from "../src/Planner.ts"
import { applyAll } from "../src/planner/Simulate.ts"
import { counts, placement, snapshot, type ServiceInput } from "./fixtures/Cluster.ts"

const zoned = (name: string, zone: string) => ({ name, labels: { zone } })
const spreadOverZones = ["node.labels.zone"]

describe("placement preferences", () => {
  it("are evened out before nodes, by emptying where a surge would take the new task again", () => {
    const state = snapshot({
      nodes: [zoned("n1", "a"), zoned("n2", "a"), zoned("n3", "b")],
      services: [{ name: "web", tasks: "n1 n2", preferences: spreadOverZones }]
    })
    const made = plan(state)
    expect(made.moves).toMatchObject([
      {
        strategy: "empty",
        to: "n3",
        reason: { _tag: "PreferenceSpread", preference: "node.labels.zone", from: 2, to: 0 }
      }
    ])
    expect(made.moves[0]?.text).toContain("of node.labels.zone it has 2 tasks where n")
  })

  it("are not fought against: half of the tasks may be on the only node of a zone", () => {
    const state = snapshot({
      nodes: [zoned("n1", "a"), zoned("n2", "a"), zoned("n3", "b")],
      services: [{ name: "web", tasks: "n1 n2 n3 n3", preferences: spreadOverZones }]
    })
    const made = plan(state)
    expect(made.moves.filter(({ reason }) => reason._tag !== "NodeSpread")).toEqual([])
    expect(placement(applyAll(state, made.moves), "web")).toBe("n1 n2 n3 n3")
  })

  it("are followed by surges where Swarm spreads as wished", () => {
    const state = snapshot({
      nodes: [zoned("n1", "a"), zoned("n2", "b")],
      services: [{ name: "web", tasks: "n1 n1 n1", preferences: spreadOverZones }]
    })
    const made = plan(state)
    expect(made.moves.map(({ strategy, to }) => [strategy, to])).toEqual([["surge", "n2"]])
  })
})

describe("services of several tasks", () => {
  it("leave a node by its emptying when their group or the nodes ask for it", () => {
    const state = snapshot({
      nodes: ["n1", "n2", "n3"],
      services: [
        { name: "web", tasks: "n1 n2" },
        { name: "api", tasks: "n1 n2" },
        { name: "app", tasks: "n1 n2" }
      ]
    })
    const made = plan(state)
    expect(made.moves.map(({ strategy }) => strategy)).toEqual(["empty", "empty"])
    expect(counts(applyAll(state, made.moves))).toBe("2-2-2")
    expect(plan(state, { strategies: new Set(["pin", "surge"]) }).moves).toEqual([])
  })

  it("say why nothing can be done, in the words of Swarm's filters", () => {
    const state = snapshot({
      nodes: ["n1", "n2"],
      services: [
        { name: "web", tasks: "n1 n1", memoryBytes: 4_000_000_000 },
        { name: "db", tasks: "n2", memoryBytes: 5_000_000_000, labels: { "evenkeel.rebalance": "off" } }
      ]
    })
    const made = plan(state)
    expect(made.moves).toEqual([])
    expect(made.kept.map(({ text }) => text)).toEqual([
      "Stays: it has the label evenkeel.rebalance=off.",
      "Stays uneven: one task more would find no suitable node (insufficient resources on 2 nodes)."
    ])
    expect(made.bound?.proved).toBe(true)
  })
})

describe("reservations", () => {
  const big = (name: string, tasks: string): ServiceInput => ({ name, tasks, memoryBytes: 400 })
  const nodes = ["n1", "n2"].map((name) => ({ name, memoryBytes: 1_000 }))

  it("count before numbers of tasks", () => {
    const small = ["a", "b", "c"].map((name): ServiceInput => ({ name, tasks: "n2" }))
    const state = snapshot({ nodes, services: [big("x", "n1"), big("y", "n1"), ...small] })
    const made = plan(state)
    expect(made.moves[0]?.reason._tag).toBe("LoadSpread")
    const after = applyAll(state, made.moves)
    expect([placement(after, "x"), placement(after, "y")].toSorted()).toEqual(["n1", "n2"])
    expect(counts(after)).toMatch(/^(2-3|3-2)$/)
  })

  it("are put up with within the tolerance, and left out by weights", () => {
    const state = snapshot({ nodes, services: [big("x", "n1"), big("y", "n1"), { name: "z", tasks: "n2" }] })
    const tags = (policy: Parameters<typeof plan>[1]) => plan(state, policy).moves.map(({ reason }) => reason._tag)
    expect(tags({})).toEqual(["LoadSpread"])
    expect(tags({ loadTolerance: 0.5 })).toEqual([])
    expect(tags({ weights: { cpu: 1, memory: 0, tasks: 1 } })).toEqual([])
  })

  it("even out nodes of different sizes by their shares", () => {
    const uneven = [
      { name: "n1", memoryBytes: 3_000 },
      { name: "n2", memoryBytes: 1_000 }
    ]
    const services = ["a", "b", "c", "d"].map((name) => ({ name, tasks: "n2", memoryBytes: 250 }))
    const state = snapshot({ nodes: uneven, services })
    expect(counts(applyAll(state, plan(state, { weights: { cpu: 1, memory: 1, tasks: 0 } }).moves))).toBe("3-1")
  })
})

describe("room", () => {
  it("is made by sending another task away first", () => {
    const state = snapshot({
      nodes: [
        { name: "n1", memoryBytes: 4 },
        { name: "n2", memoryBytes: 2 },
        { name: "n3", memoryBytes: 1 }
      ],
      services: [
        { name: "a", tasks: "n1", memoryBytes: 2, group: "g" },
        { name: "b", tasks: "n1", memoryBytes: 2, group: "g" },
        { name: "c", tasks: "n2", memoryBytes: 1 }
      ]
    })
    const made = plan(state, { loadTolerance: 1 })
    expect(made.moves.map(({ service, to }) => [service, to])).toEqual([
      ["c", "n3"],
      [expect.stringMatching(/^[ab]$/), "n2"]
    ])
    expect(made.moves[0]?.reason._tag).toBe("MakesRoom")
  })
})

describe("the cheapest of equal moves", () => {
  it("spares what clients stick to", () => {
    const at = (name: string, lb: string): ServiceInput => ({
      ...{ name, tasks: "n1", group: "g" },
      labels: lb === "" ? {} : { "evenkeel.lb": lb }
    })
    const services = [at("a", "sticky"), at("b", "hash:header:user"), at("c", "")]
    expect(plan(snapshot({ nodes: ["n1", "n2"], services })).moves.map(({ service }) => service)).toEqual(["c"])
  })
})

describe("a plan as a value", () => {
  const made = plan(snapshot({ nodes: ["n1", "n2"], services: [{ name: "web", tasks: "n1 n1" }] }))

  it("survives JSON, with what it is held against", () => {
    const text = JSON.stringify(Schema.encodeSync(Plan)(made))
    expect(Schema.decodeUnknownSync(Plan)(JSON.parse(text))).toEqual(made)
    expect(made.bound).toMatchObject({ proved: true, fewestMoves: 1, reached: { services: 2, tasks: 2 } })
  })

  it("is read without a bound too, as earlier versions wrote it", () => {
    const { bound: _, ...rest } = Schema.encodeSync(Plan)(made)
    expect(Schema.decodeUnknownSync(Plan)(rest).bound).toBeNull()
  })
})
