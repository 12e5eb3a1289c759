import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { NodeId, ServiceId } from "@evenkeel/domain/Ids"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import type { Task } from "@evenkeel/domain/Task"
import * as ObjectLists from "../src/ObjectLists.ts"
import { hotForMillis, TaskScope } from "../src/TaskScope.ts"
import { wireNode, wireService, wireTask } from "../src/TestWire.ts"

const lists = () => ObjectLists.make()
const services = (...samples: ReadonlyArray<Parameters<typeof wireService>[0]>): ReadonlyArray<Service> =>
  Either.getOrThrow(lists().services(JSON.stringify(samples.map(wireService)), [])).objects
const nodes = (...samples: ReadonlyArray<Parameters<typeof wireNode>[0]>): ReadonlyArray<Node> =>
  Either.getOrThrow(lists().nodes(JSON.stringify(samples.map(wireNode)))).objects
const tasks = (...samples: ReadonlyArray<Parameters<typeof wireTask>[0]>): ReadonlyArray<Task> =>
  Either.getOrThrow(lists().tasks(JSON.stringify(samples.map(wireTask)))).objects

const none = () => []
const limits = { hotTasks: 1_000, restingTasks: 0 }
const cool = hotForMillis + 1

/** Three services of two tasks, all of them read at 0 and calm since. */
const calm = (): TaskScope => {
  const scope = new TaskScope()
  scope.observe(three(), counts(), nodes({ id: "n1" }), none, 0)
  for (const id of ["a", "b", "c"] as Array<ServiceId>) scope.took(id, 2, false, 0)
  return scope
}
const three = (changed: Partial<Record<string, number>> = {}) =>
  services(...["a", "b", "c"].map((id) => ({ id, replicas: 2, index: changed[id] ?? 1 })))
const counts = (of: Record<string, string> = {}) =>
  new Map(["a", "b", "c"].map((id) => [id, of[id] ?? "2 2 0"] as const))

describe("TaskScope", () => {
  it("wants everything at first, and nothing while nothing changes", () => {
    const scope = new TaskScope()
    scope.observe(three(), counts(), nodes({ id: "n1" }), none, 0)
    expect(scope.neverRead()).toEqual(["a", "b", "c"])
    expect(calm().due(cool, limits)).toEqual([])
    expect(calm().isHot(cool)).toBe(false)
  })

  it.each([
    ["its version", three({ b: 2 }), counts()],
    ["the count of its tasks", three(), counts({ b: "1 2 0" })]
  ])("wants a service when %s changes, and for a while after", (_, list, counted) => {
    const scope = calm()
    scope.observe(list, counted, nodes({ id: "n1" }), none, cool)
    expect(scope.due(cool, limits)).toEqual(["b"])
    scope.took("b" as ServiceId, 2, false, cool)
    expect(scope.due(cool + hotForMillis - 1, limits)).toEqual(["b"])
    expect(scope.due(cool + hotForMillis, limits)).toEqual([])
  })

  it("takes counts that were not asked for as they were", () => {
    const scope = calm()
    scope.observe(three(), null, nodes({ id: "n1" }), none, cool)
    scope.observe(three(), counts(), nodes({ id: "n1" }), none, cool)
    expect(scope.due(cool, limits)).toEqual([])
  })

  it("wants a service as long as a task of it is on its way", () => {
    const scope = calm()
    scope.took("c" as ServiceId, 2, true, 0)
    expect(scope.due(cool * 100, limits)).toEqual(["c"])
    scope.took("c" as ServiceId, 2, false, 1)
    expect(scope.due(cool * 100, limits)).toEqual([])
  })

  it.each([
    [{ state: "down" }, ["a"]],
    [{ availability: "drain" as const }, ["a"]],
    // A new leader does not know them yet.
    [{ state: "unknown" }, []]
  ])("of a node that becomes %j it wants the services %j", (change, expected) => {
    const scope = calm()
    const on = (id: NodeId) => tasks({ id: "t1", service: "a", node: id })
    scope.observe(three(), counts(), nodes({ id: "n1", ...change }), on, cool)
    expect(scope.due(cool, limits)).toEqual(expected)
  })

  it("wants what an event told of", () => {
    const scope = calm()
    scope.note("a" as ServiceId, cool)
    scope.note("unknown" as ServiceId, cool)
    expect(scope.hot(cool, limits)).toEqual(["a"])
  })

  it("sees every service in turn, however calm", () => {
    const scope = calm()
    const seen = [1, 2, 3, 4].map((turn) => {
      const due = scope.due(cool + turn, { hotTasks: 1_000, restingTasks: 2 })
      for (const id of due) scope.took(id, 2, false, cool + turn)
      return due.join()
    })
    expect(seen).toEqual(["a", "b", "c", "a"])
  })

  it("prefers what shows no change yet to what did, and keeps to the limit", () => {
    const scope = calm()
    for (const id of ["a", "b", "c"]) scope.note(id as ServiceId, cool)
    scope.took("a" as ServiceId, 2, false, cool)
    expect(scope.due(cool, { hotTasks: 4, restingTasks: 0 })).toEqual(["b", "c"])
    // A service larger than the limit has its turn all the same.
    expect(scope.due(cool, { hotTasks: 1, restingTasks: 0 })).toEqual(["b"])
  })

  it("cuts portions by tasks and by services", () => {
    const ids = ["a", "b", "c"] as Array<ServiceId>
    expect(calm().portions(ids, { tasks: 4, services: 60 })).toEqual([["a", "b"], ["c"]])
    expect(calm().portions(ids, { tasks: 1, services: 60 })).toEqual([["a"], ["b"], ["c"]])
    expect(calm().portions(ids, { tasks: 100, services: 2 })).toEqual([["a", "b"], ["c"]])
  })

  it("forgets a service that is gone", () => {
    const scope = calm()
    scope.observe(three().slice(1), counts(), nodes({ id: "n1" }), none, cool)
    expect(scope.due(cool, { hotTasks: 10, restingTasks: 10 })).toEqual(["b", "c"])
  })
})
