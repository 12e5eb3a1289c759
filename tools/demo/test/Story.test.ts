import { describe, expect, it } from "vitest"
import { fromLists, isWorkload, type Observation, placement } from "../src/Observation.ts"
import { changes, isEven, newTasks } from "../src/Story.ts"
import { steady, task } from "./scenes.ts"

const without = (node: string): Observation => ({
  ...steady,
  nodes: steady.nodes.map((each) => (each.hostname === node ? { ...each, state: "down" } : each)),
  tasks: steady.tasks.map((each) => (each.node === node ? { ...each, isServing: false } : each))
})

describe("Story.changes", () => {
  it("has nothing to tell of nothing", () => expect(changes(steady, steady)).toEqual([]))

  it("tells a loss by Swarm's word, and not that tasks are gone", () => {
    expect(changes(steady, without("n2"))).toEqual(["Swarm says that n2 is down"])
  })

  it("tells where a task serves and where it was", () => {
    const down = without("n2")
    const restored = { ...down, tasks: [...down.tasks, task("vvm2", "n1", { id: "new" })] }
    expect(changes(down, restored)).toEqual(["vvm2 serves on n1, was on n2"])
  })

  it("tells of moves, leaders and routers", () => {
    const after: Observation = {
      nodes: steady.nodes.map((node) => ({ ...node, isLeader: node.hostname === "n3" })),
      tasks: steady.tasks.map((each) => (each.id === "router-n2" ? { ...each, id: "new" } : each)),
      moving: ["vvm1"]
    }
    expect(changes(steady, after)).toEqual([
      "n3 leads the managers now",
      "Evenkeel moves a task of vvm1",
      "the router of n2 is ready"
    ])
  })
})

it("Story.newTasks counts the workload only", () => {
  const tasks = [...steady.tasks, task("router", "n2", { id: "a", slot: 0 }), task("vvm1", "n2", { id: "b" })]
  expect(newTasks(steady, { ...steady, tasks })).toBe(1)
})

it("placement counts what serves, by node", () => {
  expect(placement(steady, isWorkload)).toEqual([3, 3, 3])
  expect(placement(without("n2"), ({ service }) => service.startsWith("vvm"))).toEqual([2, 0, 2])
  expect([isEven([3, 3, 3]), isEven([4, 3, 3]), isEven([5, 3, 4])]).toEqual([true, true, false])
})

it("Observation.fromLists reads what the engine says", () => {
  const status = { State: "running", Timestamp: "2026-01-01T00:00:05Z" }
  const read = fromLists(
    [{ ID: "a", Description: { Hostname: "n1" }, Status: { State: "down" }, ManagerStatus: { Leader: true } }],
    [{ ID: "s", Spec: { Name: "demo_vvm1", Labels: { "evenkeel.journal": "{}" } } }],
    [
      {
        ID: "t",
        ServiceID: "s",
        NodeID: "a",
        Slot: 1,
        DesiredState: "running",
        Status: status
      }
    ]
  )
  expect(read.moving).toEqual(["vvm1"])
  expect(read.nodes).toEqual([{ hostname: "n1", state: "down", isLeader: true }])
  expect(read.tasks).toEqual([
    {
      id: "t",
      service: "vvm1",
      slot: 1,
      node: "n1",
      isServing: false,
      isStarting: false,
      isStopping: false,
      sinceMillis: Date.parse("2026-01-01T00:00:05Z")
    }
  ])
})
