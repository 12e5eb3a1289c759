import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { RaftIndex } from "../../src/Ids.ts"
import { Service } from "../../src/Service.ts"
import { Task } from "../../src/Task.ts"
import { isSameSpec, isTaskDirty } from "../../src/rules/Dirtiness.ts"
import { node, service, task } from "../fixtures/Cluster.ts"

const template = { ContainerSpec: { Image: "web:1", Env: ["A=1"] }, ForceUpdate: 0 }
const dirty = (
  serviceTemplate: unknown,
  taskTemplate: unknown,
  rest: { readonly constraints?: ReadonlyArray<string>; readonly endpoints?: readonly [unknown, unknown] } = {}
) => {
  const asked = service({ name: "web", tasks: "", template: serviceTemplate, constraints: rest.constraints ?? [] })
  return isTaskDirty({
    service: new Service({ ...asked, endpointSpec: rest.endpoints?.[0] ?? {} }),
    task: task({ service: "web", slot: 1, node: "n1", spec: taskTemplate }),
    node: node("n1"),
    ...(rest.endpoints === undefined ? {} : { taskEndpointSpec: rest.endpoints[1] })
  })
}
const placed = (...Constraints: ReadonlyArray<string>) => ({ ...template, Placement: { Constraints } })

describe("a task is replaced", () => {
  it("when anything in its template has changed", () => {
    expect(dirty(template, template)).toBe(false)
    expect(dirty({ ...template, ForceUpdate: 1 }, template)).toBe(true)
    expect(dirty({ ...template, ContainerSpec: { Image: "web:2", Env: ["A=1"] } }, template)).toBe(true)
    expect(dirty({ ...template, ContainerSpec: { Image: "web:1", Env: ["A=1", "B=2"] } }, template)).toBe(true)
    expect(dirty({ ...template, Resources: { Limits: { MemoryBytes: 5 } } }, template)).toBe(true)
  })

  it("when its node does not satisfy the new constraints", () => {
    const constraints = ["node.id==n2"]
    expect(dirty(placed(...constraints), template, { constraints })).toBe(true)
  })

  it("when its endpoint has changed", () => {
    expect(dirty(template, template, { endpoints: [{ Mode: "vip" }, { Mode: "dnsrr" }] })).toBe(true)
  })
})

describe("a task stays", () => {
  it("when only its placement has changed and its node satisfies the constraints", () => {
    const constraints = ["node.id==n1"]
    expect(dirty(placed(...constraints), template, { constraints })).toBe(false)
    expect(dirty(template, placed("node.id==n2"))).toBe(false)
    expect(dirty({ ...template, Placement: { MaxReplicas: 2 } }, template)).toBe(false)
  })

  it("when its placement and its endpoint have changed at once", () => {
    expect(
      dirty(placed("node.id==n1"), template, { constraints: ["node.id==n1"], endpoints: [{ Mode: "vip" }, {}] })
    ).toBe(false)
  })

  it("when it is of the service's spec version, whatever the templates say", () => {
    const version = RaftIndex.make(7)
    const asked = new Service({ ...service({ name: "web", tasks: "", template }), specVersion: version })
    const made = new Task({ ...task({ service: "web", slot: 1, node: "n1", spec: {} }), specVersion: version })
    expect(isTaskDirty({ service: asked, task: made, node: node("n1") })).toBe(false)
  })
})

describe("specs are the same", () => {
  it.each([
    [{}, { A: null, B: [], C: {}, D: "", E: 0, F: false }, true],
    [{ A: { B: {} } }, {}, true],
    [{ A: [1, 2] }, { A: [2, 1] }, false],
    [{ Labels: { a: "" } }, { Labels: {} }, false],
    [{ Labels: {} }, {}, true],
    [{ RestartPolicy: { Delay: 0 } }, { RestartPolicy: {} }, false],
    [{ A: [{}] }, { A: [] }, false]
  ])("%j and %j: %s", (a, b, expected) => {
    expect(isSameSpec(a, b)).toBe(expected)
    expect(isSameSpec(b, a)).toBe(expected)
  })
})

it("a task fresh from a real engine is clean, though the engine writes service and task differently", () => {
  const read = (name: string): unknown =>
    JSON.parse(readFileSync(new URL(`../fixtures/engine-20.10/${name}.json`, import.meta.url), "utf8"))
  const template = read("service-template")
  expect(dirty(template, read("task-spec"))).toBe(false)
  expect(dirty({ ...(template as object), Runtime: "plugin" }, read("task-spec"))).toBe(true)
})
