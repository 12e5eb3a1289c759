import { describe, expect, it } from "vitest"
import { NodeId } from "../../src/Ids.ts"
import { ServiceId } from "../../src/Ids.ts"
import * as NodeLoad from "../../src/rules/NodeLoad.ts"
import { firstChoices, preferencesArePlain } from "../../src/rules/NodeOrder.ts"
import { node, service, snapshot, type ClusterInput } from "../fixtures/Cluster.ts"

const choose = (input: ClusterInput, failures: Readonly<Record<string, number>> = {}) => {
  const state = snapshot(input)
  const web = state.service(ServiceId.make("web")) ?? expect.fail("no service web")
  const byNode = new Map(Object.entries(failures).map(([name, count]) => [NodeId.make(name), count]))
  return firstChoices(web, NodeLoad.fromSnapshot(state), byNode).nodes
}
const zoned = (zones: Readonly<Record<string, string>>) =>
  Object.entries(zones).map(([name, zone]) => ({ name, labels: zone === "" ? {} : { zone } }))
const byZone = ["node.labels.zone"]

describe("the next task goes to", () => {
  it("the node with the fewest tasks of its service, however busy", () => {
    const services = [
      { name: "web", tasks: "n1 n2" },
      { name: "other", tasks: "n3 n3 n3" }
    ]
    expect(choose({ nodes: ["n1", "n2", "n3"], services })).toEqual(["n3"])
  })

  it("then the one with the fewest tasks, and any of those that tie", () => {
    const services = [
      { name: "web", tasks: "n1" },
      { name: "other", tasks: "n2" }
    ]
    expect(choose({ nodes: ["n1", "n2", "n3"], services })).toEqual(["n3"])
    expect(choose({ nodes: ["n1", "n2", "n3", "n4"], services })).toEqual(["n3", "n4"])
  })

  it("no node that has failed it five times, unless all have", () => {
    const services = [{ name: "web", tasks: "n1" }]
    expect(choose({ nodes: ["n1", "n2"], services }, { n2: 4 })).toEqual(["n2"])
    expect(choose({ nodes: ["n1", "n2"], services }, { n2: 5 })).toEqual(["n1"])
    expect(choose({ nodes: ["n1", "n2"], services }, { n1: 6, n2: 5 })).toEqual(["n2"])
  })

  it("the branch of its preference that is below the mean", () => {
    const nodes = zoned({ n1: "a", n2: "a", n3: "b" })
    expect(choose({ nodes, services: [{ name: "web", tasks: "n1 n3 n3", preferences: byZone }] })).toEqual(["n2"])
    expect(choose({ nodes, services: [{ name: "web", tasks: "n1 n2 n3", preferences: byZone }] })).toEqual(["n3"])
  })

  it("any branch below the mean, since chance decides", () => {
    const nodes = zoned({ n1: "a", n2: "b", n3: "c" })
    const services = [{ name: "web", tasks: "n2 n3 n3 n3 n3 n3", preferences: byZone }]
    expect(choose({ nodes, services })).toEqual(["n1", "n2"])
  })

  it("another branch when the best has no room; unlabelled nodes are a branch", () => {
    const nodes = zoned({ n1: "a", n2: "", n3: "c" }).map((each) =>
      each.name === "n2" ? { ...each, availability: "drain" } : each
    )
    const services = [{ name: "web", tasks: "n1", preferences: byZone }]
    expect(choose({ nodes, services })).toEqual(["n3"])
    expect(choose({ nodes: zoned({ n1: "a", n2: "", n3: "" }), services })).toEqual(["n2", "n3"])
  })

  it("the branch's own branch at a second level; unknown descriptors count for nothing", () => {
    const nodes = [
      { name: "n1", labels: { zone: "a", rack: "1" } },
      { name: "n2", labels: { zone: "a", rack: "2" } },
      { name: "n3", labels: { zone: "b", rack: "1" } }
    ]
    const preferences = ["node.labels.zone", "node.role", "node.labels.rack"]
    expect(choose({ nodes, services: [{ name: "web", tasks: "n1 n3 n3", preferences }] })).toEqual(["n2"])
  })

  it("nowhere when every node is refused", () => {
    const services = [{ name: "web", tasks: "", constraints: ["node.role==manager"], preferences: byZone }]
    expect(choose({ nodes: ["n1"], services })).toEqual([])
  })
})

describe("preferences are plain", () => {
  const plain = (preferences: ReadonlyArray<string>, zones: Readonly<Record<string, string>>) =>
    preferencesArePlain(service({ name: "web", tasks: "", preferences }), zoned(zones).map(node))

  it("when they leave the spread over nodes as it is", () => {
    expect(plain([], { n1: "a", n2: "a", n3: "b" })).toBe(true)
    expect(plain(["node.role"], { n1: "a", n2: "a", n3: "b" })).toBe(true)
    expect(plain(byZone, { n1: "", n2: "" })).toBe(true)
    expect(plain(byZone, { n1: "a", n2: "b", n3: "c" })).toBe(true)
  })

  it("and not when branches differ in size", () => {
    expect(plain(byZone, { n1: "a", n2: "a", n3: "b" })).toBe(false)
    expect(plain(["node.labels.rack", ...byZone], { n1: "a", n2: "a", n3: "b" })).toBe(false)
  })
})
