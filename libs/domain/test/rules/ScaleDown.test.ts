import { describe, expect, it } from "vitest"
import * as ScaleDown from "../../src/rules/ScaleDown.ts"
import { task, tasksOf } from "../fixtures/Cluster.ts"
import type { Task } from "../../src/Task.ts"

const web = (tasks: string) => tasksOf({ name: "web", tasks })
const slots = (tasks: ReadonlyArray<Task>, replicas: number) => {
  const { certain, possible } = ScaleDown.victims(tasks, replicas)
  const slotOf = (id: string) => tasks.find((each) => each.id === id)?.slot ?? 0
  return {
    certain: certain.map(slotOf).toSorted((a, b) => a - b),
    possible: possible.map(slotOf).toSorted((a, b) => a - b)
  }
}
const sure = (...victims: ReadonlyArray<number>) => ({ certain: victims, possible: victims })

describe("scaling down", () => {
  it("stops nothing while there are no more tasks than asked for", () => {
    expect(slots(web("n1 n2"), 2)).toEqual(sure())
    expect(slots(web("n1 n2"), 5)).toEqual(sure())
  })

  it("takes from the node with the most copies, the highest slot of it", () => {
    expect(slots(web("n1 n2 n1 n3"), 3)).toEqual(sure(3))
    expect(slots(web("n1 n1 n1 n2 n2 n2 n3 n3"), 6)).toEqual(sure(3, 6))
  })

  it("among equal copies keeps the lower slots", () => {
    expect(slots(web("n1 n2 n3"), 1)).toEqual(sure(2, 3))
  })

  it("prefers to stop a task that does not run, though only among equal copies", () => {
    const starting = task({ service: "web", slot: 1, node: "n3", state: "starting", id: "starting" })
    expect(
      slots([starting, ...web("n1 n2").map((each, i) => task({ ...each, service: "web", slot: i + 2 }))], 2)
    ).toEqual(sure(1))
    const broken = task({ service: "web", slot: 3, node: "n3", state: "starting", id: "broken" })
    expect(slots([...web("n1 n1"), broken], 2)).toEqual(sure(2))
  })

  it("stops tasks without a node, and slots with several tasks, first", () => {
    const unassigned = task({ service: "web", slot: 1, node: null, state: "pending", id: "unassigned" })
    expect(
      slots(
        [unassigned, task({ service: "web", slot: 2, node: "n1" }), task({ service: "web", slot: 3, node: "n1" })],
        2
      )
    ).toEqual(sure(1))
    const twin = task({ service: "web", slot: 1, node: "n2", id: "twin" })
    expect(ScaleDown.victims([...web("n1 n1 n1"), twin], 2).certain.toSorted()).toEqual(["twin", "web.1"])
  })

  it("does not see tasks that are being stopped already", () => {
    const leaving = task({ service: "web", slot: 3, node: "n1", desired: "shutdown", id: "leaving" })
    expect(slots([...web("n1 n2"), leaving], 2)).toEqual(sure())
  })

  it("agrees with SwarmKit's own example of 1, 2 and 3 tasks and one without a node", () => {
    // swarmkit manager/orchestrator/replicated/replicated_test.go:TestReplicatedScaleDown
    const running = (slot: number, node: string) => task({ service: "web", slot, node, id: `t${slot}` })
    const all = [
      task({ service: "web", slot: 1, node: "n1", state: "starting", id: "t1" }),
      running(2, "n2"),
      running(3, "n2"),
      running(4, "n3"),
      running(5, "n3"),
      running(6, "n3"),
      task({ service: "web", slot: 7, node: null, state: "new", id: "t7" })
    ]
    expect(slots(all, 6)).toEqual(sure(7))
    const six = all.slice(0, 6)
    expect(slots(six, 4)).toEqual(sure(5, 6))
    expect(slots(six.slice(0, 4), 2)).toEqual(sure(1, 3))
  })

  it("leaves open which of more than twelve equal tasks go", () => {
    const many = web(Array.from({ length: 13 }, (_, i) => `n${i}`).join(" "))
    expect(slots(many, 12)).toEqual({ certain: [], possible: Array.from({ length: 13 }, (_, i) => i + 1) })
    expect(slots(many.slice(1), 11)).toEqual(sure(13))
    const full = [...many, task({ service: "web", slot: 14, node: "n0", id: "second" })]
    expect(slots(full, 13)).toEqual(sure(14))
    expect(slots(full, 12)).toMatchObject({ certain: [14], possible: Array.from({ length: 14 }, (_, i) => i + 1) })
  })
})

describe("scaling up", () => {
  it("fills the lowest slot that no wanted task has", () => {
    expect(ScaleDown.firstFreeSlot(web("n1 n2"))).toBe(3)
    const gap = [task({ service: "web", slot: 1, node: "n1" }), task({ service: "web", slot: 3, node: "n1" })]
    expect(ScaleDown.firstFreeSlot(gap)).toBe(2)
    expect(ScaleDown.firstFreeSlot([task({ service: "web", slot: 1, node: "n1", desired: "shutdown" })])).toBe(1)
  })
})

describe("slots in the order of a scale-down", () => {
  const order = (slots: ReadonlyArray<ReadonlyArray<Task>>) =>
    ScaleDown.rankSlots(slots).map(({ copy, tasks }) => `${tasks[0]?.slot ?? 0}:${copy}`)
  const at = (slot: number, node: string | null, more: object = {}) =>
    task({ service: "web", slot, node, id: `t${slot}-${node ?? "none"}`, ...more })

  it("are ranked by their copy on the node, running ones and lower numbers first", () => {
    expect(order([[at(3, "n1")], [at(1, "n1")], [at(2, "n2", { state: "starting" })], [at(4, "n3")]])).toEqual([
      "1:1",
      "4:1",
      "2:1",
      "3:2"
    ])
  })

  it("end with those of several tasks, or of one without a node", () => {
    expect(order([[at(1, null, { state: "pending" })], [at(2, "n1"), at(2, "n2")], [at(3, "n3")]])).toEqual([
      "3:1",
      "2:Infinity",
      "1:Infinity"
    ])
  })
})
