import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import * as Balance from "../src/Balance.ts"
import * as Skews from "../src/Skews.ts"
import { snapshot, task } from "./fixtures/Cluster.ts"
import * as RandomClusters from "./fixtures/RandomClusters.ts"

const sizes: RandomClusters.Sizes = {
  nodes: [1, 5],
  services: [1, 6],
  replicas: [1, 4],
  tasks: 24,
  limited: true,
  everything: true
}

/** As the balance has them. */
const expected = (state: ReturnType<typeof snapshot>): Skews.Skews => {
  const { groups, nodeSkew, services } = Balance.of(state)
  return {
    services: services.map(({ name, skew }) => ({ name, skew })),
    groups: groups.map(({ group, skew }) => ({ name: group, skew })),
    nodes: nodeSkew
  }
}

describe("the skews", () => {
  it("are those of the balance, whatever the cluster", () => {
    FastCheck.assert(
      FastCheck.property(RandomClusters.arbitrary(sizes), (input) => {
        const state = snapshot(input)
        expect(Skews.of(state)).toEqual(expected(state))
      }),
      { numRuns: 300, seed: 11 }
    )
  })

  it("count only tasks that are placed and wanted, on nodes that may have more", () => {
    const state = snapshot(
      {
        nodes: ["n1", "n2", { name: "n3", availability: "drain" }, { name: "n4", labels: { zone: "b" } }],
        services: [
          { name: "web", tasks: "n1 n1 n3 n3 n3", group: "g" },
          { name: "api", tasks: "n1", group: "g", constraints: ["node.labels.zone!=b"] },
          { name: "agent", tasks: "n1 n2 n4", mode: { kind: "global" } }
        ]
      },
      [
        task({ service: "web", slot: 6, node: "n2", desired: "shutdown", id: "leaving" }),
        task({ service: "web", slot: 7, node: null, state: "pending", id: "pending" })
      ]
    )
    expect(Skews.of(state)).toEqual(expected(state))
    expect(Skews.of(state).services).toEqual([
      { name: "api", skew: 1 },
      { name: "web", skew: 2 }
    ])
  })

  it("of lists of tasks that are the same are not counted again, and of others they are", () => {
    const state = snapshot({ nodes: ["n1", "n2"], services: [{ name: "web", tasks: "n1 n1" }] })
    expect(Skews.of(state).services).toEqual([{ name: "web", skew: 2 }])
    const moved = snapshot({ nodes: ["n1", "n2"], services: [{ name: "web", tasks: "n1 n2" }] })
    expect(Skews.of(moved).services).toEqual([{ name: "web", skew: 0 }])
  })
})
