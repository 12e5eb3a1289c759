import { assert, describe, it } from "@effect/vitest"
import { disturbances } from "../src/Disturbance.ts"
import type { Scenario, Step } from "../src/Scenario.ts"
import type { NodeTrace, StepTrace, Trace } from "../src/Trace.ts"

const node = (name: string, ...states: ReadonlyArray<string>): NodeTrace => ({
  ...{ name, role: "worker", availability: "active", labels: {}, states, message: "" }
})
const stepTrace = (more: Partial<StepTrace> = {}): StepTrace => ({
  ...{ step: "a step", answer: null, reached: true, tasks: [], survived: [], services: [], removed: [] },
  ...{ nodes: [], events: [] },
  ...more
})
const found = (steps: ReadonlyArray<Step>, traces: ReadonlyArray<StepTrace>, managers = 1): ReadonlyArray<string> => {
  const scenario: Scenario = { name: "one", about: "", managers, steps }
  const shape = { nanoCpus: 1, memoryBytes: 1, architecture: "x86_64", os: "linux" }
  const nodes = ["n1", "n2", "n3"].map((name, i) => ({
    ...{ ...shape, name, role: i < managers ? ("manager" as const) : ("worker" as const) }
  }))
  return disturbances(scenario, { scenario: "one", by: "engine", nodes, steps: traces } satisfies Trace)
}

const wait: Step = { do: "wait" }
const crash = (name: string): Step => ({ do: "fault", fault: "crash", node: name })
const restore = (name: string): Step => ({ do: "fault", fault: "restore", node: name })

describe("a run on the real Swarm", () => {
  it("is as it should be where only what was done to it shows", () => {
    const steps = [wait, crash("n2"), restore("n2"), wait]
    const traces = [
      stepTrace(),
      stepTrace({ nodes: [node("n2", "ready", "down")] }),
      stepTrace({ nodes: [node("n2", "down", "ready")] }),
      stepTrace()
    ]
    assert.deepStrictEqual(found(steps, traces), [])
  })

  it("was disturbed where a living node was declared down", () => {
    assert.lengthOf(found([wait], [stepTrace({ nodes: [node("n2", "ready", "down", "ready")] })]), 1)
    const other = stepTrace({ nodes: [node("n2", "ready", "down"), node("n3", "ready", "down")] })
    assert.deepStrictEqual(found([crash("n2")], [other]), ["step 1 (a step): n3 was declared down, though it lived"])
    const again = [stepTrace(), stepTrace(), stepTrace({ nodes: [node("n2", "ready", "down")] })]
    assert.lengthOf(found([crash("n2"), restore("n2"), wait], again), 1)
  })

  it("was disturbed where the leader changed by itself, or the only one gave up for a while", () => {
    assert.lengthOf(found([wait], [stepTrace({ leaders: ["n1", "n3"] })], 3), 1)
    assert.lengthOf(found([crash("{leader}")], [stepTrace({ on: "n1", leaders: ["n1", "n3"] })], 3), 0)
    assert.lengthOf(found([wait], [stepTrace({ nodes: [node("n2", "ready", "unknown", "ready")] })]), 1)
    assert.lengthOf(found([wait], [stepTrace({ nodes: [node("n2", "ready", "unknown", "ready")] })], 3), 0)
  })

  it("was disturbed where a step did not come to its end in time", () => {
    assert.lengthOf(found([wait], [stepTrace({ reached: false })]), 1)
  })
})
