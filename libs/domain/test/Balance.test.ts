import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import * as Balance from "../src/Balance.ts"
import { NodeId } from "../src/Ids.ts"
import { Plan } from "../src/Plan.ts"
import { plan } from "../src/Planner.ts"
import { snapshot, task } from "./fixtures/Cluster.ts"

const state = snapshot(
  {
    nodes: ["n1", "n2", { name: "n3", availability: "drain" }, { name: "n4", labels: { zone: "b" } }],
    services: [
      { name: "web", tasks: "n1 n1 n2", group: "g" },
      { name: "api", tasks: "n1", group: "g", constraints: ["node.labels.zone!=b"] },
      { name: "far", tasks: "n4", constraints: ["node.labels.zone==b"] },
      { name: "agent", tasks: "n1 n2 n4", mode: { kind: "global" } }
    ]
  },
  [
    task({ service: "web", slot: 4, node: "n2", desired: "shutdown", id: "leaving" }),
    task({ service: "web", slot: 5, node: "n2", state: "failed", id: "failed" }),
    task({ service: "web", slot: 6, node: null, state: "pending", id: "pending" }),
    task({ service: "web", slot: 7, node: "n4", state: "preparing", id: "coming" })
  ]
)

describe("balance", () => {
  it("counts wanted tasks over the nodes that a service may use", () => {
    const { services } = Balance.of(state)
    const named = Object.fromEntries(
      services.map(({ name, counts, skew }) => [
        name,
        { counts: counts.map(({ node, tasks, eligible }) => `${node} ${tasks}${eligible ? "" : " closed"}`), skew }
      ])
    )
    expect(named).toEqual({
      api: { counts: ["n1 1", "n2 0"], skew: 1 },
      far: { counts: ["n4 1"], skew: 0 },
      web: { counts: ["n1 2", "n2 1", "n4 1"], skew: 1 }
    })
  })

  it("counts a group over the nodes of any of its services, and all active tasks over the open nodes", () => {
    const balance = Balance.of(state)
    expect(balance.groups).toMatchObject([{ group: "g", services: ["api", "web"], skew: 2 }])
    expect(balance.groups[0]?.counts.map(({ tasks }) => tasks)).toEqual([3, 1, 1])
    expect(balance.nodes.map(({ tasks, eligible }) => [tasks, eligible])).toEqual([
      [4, true],
      [2, true],
      [0, false],
      [3, true]
    ])
    expect(balance.nodeSkew).toBe(2)
  })

  it("takes excluded nodes out, and still shows what is on them", () => {
    const balance = Balance.of(state, new Set([NodeId.make("n1")]))
    expect(balance.groups[0]).toMatchObject({
      skew: 0,
      counts: [{ tasks: 3, eligible: false }, { tasks: 1 }, { tasks: 1 }]
    })
  })

  it("is worded for people and summed up", () => {
    expect(Balance.lines(Balance.of(state))).toEqual([
      "group g: n1 3, n2 1, n4 1 (skew 2)",
      "service web: n1 2, n2 1, n4 1 (even)",
      "all tasks: n1 4, n2 2, n3 0 (closed), n4 3 (skew 2)"
    ])
    expect(Balance.summarize(Balance.of(state))).toMatchObject({
      serviceSkew: 1,
      unevenServices: 0,
      groupSkew: 2,
      unevenGroups: 1,
      nodeSkew: 2
    })
  })

  it("survives JSON", () => {
    const balance = Balance.of(state)
    const json: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Balance.Balance)(balance)))
    expect(Schema.decodeUnknownSync(Balance.Balance)(json)).toEqual(balance)
  })
})

describe("a plan", () => {
  it("survives JSON, with its moves and the reasons of what stays", () => {
    const mixed = snapshot({
      nodes: ["n1", "n2", "n3"],
      services: [
        { name: "web", tasks: "n1 n1 n1" },
        { name: "a", tasks: "n1", group: "g" },
        { name: "b", tasks: "n1", group: "g" },
        { name: "c", tasks: "n1", group: "g" },
        { name: "off", tasks: "n1", labels: { "evenkeel.rebalance": "off" } },
        { name: "late", tasks: "n1", replicas: 2 }
      ]
    })
    const made = plan(mixed)
    expect(made.moves.map(({ strategy }) => strategy)).toEqual(expect.arrayContaining(["surge", "pin"]))
    const json: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Plan)(made)))
    expect(Schema.decodeUnknownSync(Plan)(json)).toEqual(made)
  })
})
