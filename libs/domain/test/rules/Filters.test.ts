import { describe, expect, it } from "vitest"
import { GenericResource, Node, Resources } from "../../src/Node.ts"
import { Mount, Service } from "../../src/Service.ts"
import { Snapshot } from "../../src/Snapshot.ts"
import * as Filters from "../../src/rules/Filters.ts"
import * as NodeLoad from "../../src/rules/NodeLoad.ts"
import { node, service, snapshot, task, type ClusterInput, type ServiceInput } from "../fixtures/Cluster.ts"

const ask = (input: ServiceInput, state: Snapshot) => {
  const { eligible, refused } = Filters.eligibleNodes(service(input), NodeLoad.fromSnapshot(state))
  return {
    eligible: eligible.map((load) => load.node.id),
    refused: Object.fromEntries(refused.map(({ filter, nodes }) => [filter, nodes.map(({ id }) => id)])),
    text: Filters.explain(refused)
  }
}
const web: ServiceInput = { name: "web", tasks: "" }
const on = (nodes: ClusterInput["nodes"], services: ClusterInput["services"] = []) => snapshot({ nodes, services })

describe("the filters", () => {
  it("refuse nodes that are not ready and active", () => {
    const state = on([
      "n1",
      { name: "n2", availability: "drain" },
      { name: "n3", availability: "pause" },
      { name: "n4", state: "down" },
      { name: "n5", state: "unknown" }
    ])
    expect(ask(web, state)).toEqual({
      eligible: ["n1"],
      refused: { Ready: ["n2", "n3", "n4", "n5"] },
      text: "no suitable node (4 nodes not available for new tasks)"
    })
  })

  it("count reservations of every task that has not ended, those being stopped too", () => {
    const other = { name: "other", tasks: "n1", memoryBytes: 60 }
    const nodes = [
      { name: "n1", memoryBytes: 100 },
      { name: "n2", memoryBytes: 100 }
    ]
    const stopping = task({ service: "other", slot: 2, node: "n2", desired: "shutdown" })
    const ended = task({ service: "other", slot: 3, node: "n2", desired: "shutdown", state: "shutdown" })
    const big = { ...web, memoryBytes: 50 }
    expect(ask(big, snapshot({ nodes, services: [other] }, [ended])).eligible).toEqual(["n2"])
    expect(ask(big, snapshot({ nodes, services: [other] }, [ended, stopping]))).toMatchObject({
      eligible: [],
      text: "no suitable node (insufficient resources on 2 nodes)"
    })
  })

  it("read a task's reservations from its own spec where it has one", () => {
    const old = { ContainerSpec: {}, Resources: { Reservations: { MemoryBytes: 90 } } }
    const state = snapshot(
      { nodes: [{ name: "n1", memoryBytes: 100 }], services: [{ name: "other", tasks: "", memoryBytes: 10 }] },
      [task({ service: "other", slot: 1, node: "n1", spec: old })]
    )
    expect(ask({ ...web, memoryBytes: 20 }, state).eligible).toEqual([])
    expect(ask({ ...web, memoryBytes: 10 }, state).eligible).toEqual(["n1"])
  })

  it("count generic resources", () => {
    const gpu = (value: number) =>
      new Resources({ nanoCpus: 0, memoryBytes: 0, generic: [new GenericResource({ kind: "gpu", value, names: [] })] })
    const owner = new Node({ ...node("n1"), resources: gpu(2) })
    const wants = (value: number) => new Service({ ...service(web), reservations: gpu(value) })
    const eligible = (value: number) =>
      Filters.eligibleNodes(wants(value), new Map([[owner.id, NodeLoad.emptyLoad(owner)]])).eligible.length
    expect([eligible(2), eligible(3)]).toEqual([1, 0])
  })

  it("ask for plugins, with or without the tag, and not of nodes that report none of the kind", () => {
    const network = (name: string) => ({ type: "Network", name })
    const state = on([
      { name: "n1", plugins: [network("overlay")] },
      { name: "n2", plugins: [network("weave:latest")] },
      { name: "n3" }
    ])
    expect(ask({ ...web, requiredPlugins: [network("weave")] }, state)).toMatchObject({
      eligible: ["n2", "n3"],
      text: "no suitable node (missing plugin on 1 node)"
    })
    expect(ask({ ...web, requiredPlugins: [{ type: "Log", name: "gelf" }] }, state).eligible).toEqual([
      "n1",
      "n2",
      "n3"
    ])
  })

  it("know amd64 by both names, and arm64", () => {
    const arm = { name: "n2", platform: { os: "linux", architecture: "aarch64" } }
    const platforms = (architecture: string) => [{ os: "linux", architecture }]
    const state = on(["n1", arm])
    expect(ask({ ...web, platforms: platforms("amd64") }, state).eligible).toEqual(["n1"])
    expect(ask({ ...web, platforms: platforms("arm64") }, state).eligible).toEqual(["n2"])
    expect(ask({ ...web, platforms: platforms("") }, state).eligible).toEqual(["n1", "n2"])
    expect(ask({ ...web, platforms: [{ os: "windows", architecture: "amd64" }] }, state)).toMatchObject({
      text: "no suitable node (unsupported platform on 2 nodes)"
    })
  })

  it("refuse a host port that is taken, by its protocol", () => {
    const state = on(["n1", "n2"], [{ name: "other", tasks: "n1", hostPorts: [80] }])
    expect(ask({ ...web, hostPorts: [80] }, state)).toMatchObject({
      eligible: ["n2"],
      text: "no suitable node (host-mode port already in use on 1 node)"
    })
    expect(ask({ ...web, hostPorts: [81] }, state).eligible).toEqual(["n1", "n2"])
  })

  it("count a service's own tasks against its limit per node", () => {
    const limited = { name: "web", tasks: "n1 n1 n2", maxReplicasPerNode: 2 }
    const state = on(["n1", "n2"], [limited])
    expect(ask(limited, state)).toMatchObject({
      eligible: ["n2"],
      text: "no suitable node (max replicas per node limit exceed)"
    })
  })

  it("refuse cluster volumes everywhere", () => {
    const mount = new Mount({ type: "cluster", source: "v", target: "/v", readOnly: false, driver: "" })
    expect(ask({ ...web, mounts: [mount] }, on(["n1"])).text).toBe(
      "no suitable node (cannot fulfill requested CSI volume mounts on 1 node)"
    )
  })

  it("name the first filter that refuses a node, and the most frequent one first", () => {
    const state = on([
      { name: "n1", availability: "drain", labels: { zone: "b" } },
      { name: "n2", labels: { zone: "b" } },
      { name: "n3", labels: { zone: "b" } },
      { name: "n4", labels: { zone: "a" }, memoryBytes: 1 }
    ])
    const picky = { ...web, constraints: ["node.labels.zone==a"], memoryBytes: 10 }
    expect(ask(picky, state).text).toBe(
      "no suitable node (scheduling constraints not satisfied on 2 nodes; 1 node not available for new tasks; insufficient resources on 1 node)"
    )
  })

  it("give the reasons alone for a task whose node is given", () => {
    const { refused } = Filters.eligibleNodes(
      service({ ...web, memoryBytes: 10 }),
      NodeLoad.fromSnapshot(on([{ name: "n1", memoryBytes: 1 }]))
    )
    expect(Filters.reasons(refused)).toBe("insufficient resources on 1 node")
    expect(Filters.reasons([])).toBe("")
  })

  it("take no constraint where one is invalid, as the scheduler does", () => {
    expect(ask({ ...web, constraints: ["node.role==manager", "rubbish"] }, on(["n1"])).eligible).toEqual(["n1"])
  })

  it("say of a node by itself what no other task can change", () => {
    const large = { ...web, memoryBytes: 50, hostPorts: [80], maxReplicasPerNode: 1 }
    const may = Filters.mayRun(service(large))
    expect([may(node({ name: "n1", memoryBytes: 50 })), may(node({ name: "n2", memoryBytes: 49 }))]).toEqual([
      true,
      false
    ])
  })
})

describe("a node's load", () => {
  it("takes a task and gives it back", () => {
    const state = on(["n1"], [{ name: "other", tasks: "n1 n1", memoryBytes: 5, hostPorts: [80] }])
    const load = NodeLoad.fromSnapshot(state).get(node("n1").id) ?? expect.fail("no load")
    const claim = NodeLoad.claimOfNewTask(service({ name: "web", tasks: "", memoryBytes: 3, hostPorts: [80, 81] }))
    const more = NodeLoad.withClaim(load, claim)
    expect([more.activeTasks, more.reserved.memoryBytes, more.hostPorts.get("tcp/80")]).toEqual([3, 13, 3])
    expect(NodeLoad.withoutClaim(more, claim)).toEqual(load)
  })
})
