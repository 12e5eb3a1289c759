import { describe, expect, it } from "vitest"
import { type NodeId, ServiceId } from "../../src/Ids.ts"
import * as Filters from "../../src/rules/Filters.ts"
import * as NodeLoad from "../../src/rules/NodeLoad.ts"
import { placeGroup } from "../../src/rules/TaskGroup.ts"
import { snapshot, type ClusterInput } from "../fixtures/Cluster.ts"

/** Places tasks of `web`; ties go by id, or the other way round. Answers the nodes in the order in which they got one each. */
const place = (
  input: ClusterInput,
  count: number,
  reversed = false,
  failures: ReadonlyMap<NodeId, number> = new Map()
) => {
  const state = snapshot(input)
  const web = state.service(ServiceId.make("web")) ?? expect.fail("no service web")
  const loads = new Map(NodeLoad.fromSnapshot(state))
  const claim = NodeLoad.claimOfNewTask(web)
  const order: Array<string> = []
  const turned = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> => (reversed ? items.toReversed() : items)
  const { placed, refused } = placeGroup(web, loads.values(), count, failures, {
    loadOf: (load) => loads.get(load.node.id) ?? load,
    orderTies: turned,
    orderBranches: turned,
    place: ({ node }) => {
      const now = loads.get(node.id) ?? expect.fail("no node")
      loads.set(node.id, NodeLoad.withClaim(now, claim))
      order.push(node.id)
    }
  })
  return { placed, order: order.join(" "), text: Filters.explain(refused) }
}
const web = { name: "web", tasks: "" }
const zoned = (zones: Readonly<Record<string, string>>) =>
  Object.entries(zones).map(([name, zone]) => ({ name, labels: { zone } }))

describe("a group of tasks", () => {
  it("goes one to each node in turn", () => {
    expect(place({ nodes: ["n1", "n2", "n3"], services: [web] }, 5).order).toBe("n1 n2 n3 n1 n2")
  })

  it("fills a node until the next one is better", () => {
    const services = [{ ...web, tasks: "n2 n2 n3 n3 n3" }]
    expect(place({ nodes: ["n1", "n2", "n3"], services }, 5).order).toBe("n1 n1 n1 n2 n2")
  })

  it("stays on a node while the next one is no better, total tasks included", () => {
    const services = [web, { name: "other", tasks: "n2 n2" }]
    expect(place({ nodes: ["n1", "n2"], services }, 3).order).toBe("n1 n2 n1")
  })

  it("shuns a node with five failures, even for the last of the group", () => {
    const failures = new Map([["n1" as NodeId, 5]])
    expect(place({ nodes: ["n1", "n2", "n3"], services: [web] }, 4, false, failures).order).toBe("n2 n3 n3 n3")
  })

  it("uses no more nodes than it has tasks, of the best ones", () => {
    expect(place({ nodes: ["n1", "n2", "n3"], services: [web] }, 2, true).order).toBe("n3 n2")
  })

  it("leaves out a node that is full, and says what refused the rest", () => {
    const nodes = [
      { name: "n1", memoryBytes: 100 },
      { name: "n2", memoryBytes: 50 }
    ]
    const result = place({ nodes, services: [{ ...web, memoryBytes: 40 }] }, 5)
    expect(result).toEqual({
      placed: 3,
      order: "n1 n2 n1",
      text: "no suitable node (insufficient resources on 2 nodes)"
    })
  })

  it("keeps the limit per node within the group", () => {
    const result = place({ nodes: ["n1", "n2"], services: [{ ...web, maxReplicasPerNode: 1 }] }, 3)
    expect(result).toMatchObject({ placed: 2, text: "no suitable node (max replicas per node limit exceed)" })
  })

  it("is split over branches so that they come out even", () => {
    const nodes = zoned({ n1: "a", n2: "a", n3: "b" })
    const services = [{ ...web, preferences: ["node.labels.zone"] }]
    expect(place({ nodes, services }, 6).order).toBe("n1 n2 n1 n3 n3 n3")
    expect(place({ nodes, services: [{ ...web, tasks: "n3 n3", preferences: ["node.labels.zone"] }] }, 2).order).toBe(
      "n1 n2"
    )
  })

  it("gives a branch's share to the others when it is full, and takes the odd one where it may", () => {
    const nodes = [
      { name: "n1", memoryBytes: 10, labels: { zone: "a" } },
      { name: "n2", memoryBytes: 100, labels: { zone: "b" } }
    ]
    const services = [{ ...web, memoryBytes: 10, preferences: ["node.labels.zone"] }]
    const { order, placed } = place({ nodes, services }, 5)
    expect([placed, order]).toEqual([5, "n1 n2 n2 n2 n2"])
    expect(
      place({ nodes: zoned({ n1: "a", n2: "b" }), services: [{ ...web, preferences: ["node.labels.zone"] }] }, 1, true)
        .order
    ).toBe("n2")
  })

  it("places nothing where no node may be used", () => {
    const nodes = [{ name: "n1", availability: "drain" as const }]
    expect(place({ nodes, services: [web] }, 2)).toEqual({
      placed: 0,
      order: "",
      text: "no suitable node (1 node not available for new tasks)"
    })
  })
})
