import { assert, describe, it } from "@effect/vitest"
import type { EngineObject } from "../src/EngineValue.ts"
import { make } from "../src/Recorder.ts"
import { fingerprint, unmet, unrest } from "../src/Rest.ts"
import type { Observation } from "../src/Target.ts"

const nodeId = "n".repeat(25)
const serviceId = "s".repeat(25)
const node: EngineObject = {
  ID: nodeId,
  Spec: { Role: "worker", Availability: "active", Labels: {} },
  Description: { Hostname: "n1" },
  Status: { State: "ready", Addr: "10.77.0.11" }
}
const service = (replicas: number, more: EngineObject = {}): EngineObject => ({
  ID: serviceId,
  Spec: {
    Name: "web",
    TaskTemplate: { ForceUpdate: 0, Runtime: "container" },
    Mode: { Replicated: { Replicas: replicas } }
  },
  ...more
})
const task = (id: string, state: string, desired = "running", more: EngineObject = {}): EngineObject => ({
  ID: id.repeat(25),
  CreatedAt: `2026-01-01T00:00:00.${id.charCodeAt(0)}Z`,
  ServiceID: serviceId,
  Slot: 1,
  NodeID: nodeId,
  Spec: { ForceUpdate: 0 },
  Status: { State: state, Message: state, ContainerStatus: { ExitCode: 0 } },
  DesiredState: desired,
  ...more
})
const seen = (atMillis: number, tasks: ReadonlyArray<EngineObject>, services = [service(1)]): Observation => ({
  ...{ atMillis, leader: "n1", nodes: [node], services, tasks }
})

describe("Recorder", () => {
  it("names tasks by slot and order of creation and follows their states", () => {
    const recorder = make()
    recorder.beginStep()
    recorder.observe(seen(0, [task("a", "assigned")]))
    recorder.observe(seen(100, [task("a", "running")]))
    recorder.observe(seen(5_000, [task("b", "assigned"), task("a", "running", "shutdown")]))
    recorder.observe(seen(5_100, [task("b", "running"), task("a", "shutdown", "shutdown")]))
    const { tasks, survived } = recorder.endStep("step", null, true, [])
    assert.deepStrictEqual(
      tasks.map(({ name, node: host, states, desired, lasting, template, created }) => {
        return [name, host, states, desired, lasting, template, created]
      }),
      [
        ["web.1#1", "n1", ["assigned", "running", "shutdown"], ["running", "shutdown"], ["running"], 1, 1],
        ["web.1#2", "n1", ["assigned", "running"], ["running"], [], 1, 2]
      ]
    )
    assert.deepStrictEqual(survived, [])
  })

  it("leaves out what did not change, and says who survived and who is gone", () => {
    const recorder = make()
    recorder.observe(seen(0, [task("a", "running"), task("b", "running", "running", { Slot: 2 })]))
    recorder.beginStep()
    recorder.observe(seen(100, [task("a", "running")]))
    const { tasks, survived } = recorder.endStep("step", null, true, [])
    assert.deepStrictEqual(
      tasks.map(({ name, gone }) => [name, gone]),
      [["web.2#1", true]]
    )
    assert.deepStrictEqual(survived, ["web.1#1"])
  })

  it("names ids in texts, specs and events, and cuts digests and addresses", () => {
    const recorder = make()
    recorder.observe(seen(0, [task("a", "running")]))
    const { names } = recorder
    assert.strictEqual(names.text(`task ${"a".repeat(25)} on ${nodeId}`), "task web.1#1 on n1")
    assert.strictEqual(names.text(`x ${"z".repeat(25)} y`), "x <id> y")
    assert.strictEqual(names.text(`10.77.0.1:5000/app:1@sha256:${"0".repeat(64)}`), "10.77.0.1:5000/app:1")
    assert.strictEqual(names.text("at 10.0.1.8/24"), "at <address>")
    const event = {
      Type: "service",
      Action: "update",
      Actor: { ID: serviceId, Attributes: { name: "web", "b.new": "2", "a.old": "1" } }
    }
    assert.deepStrictEqual(recorder.endStep("step", null, true, [event]).events, ["service web update a.old=1 b.new=2"])
  })

  it("tells which template a task was made from", () => {
    const recorder = make()
    const changed = { Name: "web", TaskTemplate: { ForceUpdate: 1 }, Mode: { Replicated: { Replicas: 1 } } }
    recorder.observe(seen(0, [task("a", "running")]))
    recorder.beginStep()
    recorder.observe(
      seen(
        1,
        [task("a", "running"), task("b", "running", "running", { Spec: { ForceUpdate: 1 } })],
        [service(1, { Spec: changed })]
      )
    )
    recorder.observe(seen(2, [task("a", "shutdown"), task("b", "running", "running", { Spec: { ForceUpdate: 2 } })]))
    const { tasks } = recorder.endStep("step", null, true, [])
    assert.deepStrictEqual(
      tasks.map(({ name, template }) => [name, template]),
      [
        ["web.1#1", 1],
        ["web.1#2", 0]
      ]
    )
  })
})

describe("fingerprint", () => {
  it("changes with what a trace shows, and with nothing else", () => {
    const print = (...more: Parameters<typeof seen>) => fingerprint(seen(...more))
    const one = [task("a", "running")]
    assert.strictEqual(print(5, one), print(0, one))
    const others = [
      [task("a", "failed")],
      [task("a", "running", "shutdown")],
      [task("a", "running", "running", { NodeID: "other" })],
      [task("a", "running", "running", { Status: { State: "running", Message: "otherwise" } })],
      [...one, task("b", "running")]
    ]
    for (const tasks of others) assert.notStrictEqual(print(0, tasks), print(0, one))
    for (const more of [{ PreviousSpec: {} }, { Endpoint: { Spec: {} } }, { UpdateStatus: { Message: "m" } }])
      assert.notStrictEqual(print(0, one, [service(1, more)]), print(0, one))
  })
})

describe("unrest", () => {
  it("rests when every wanted task runs and every other has ended", () => {
    assert.deepStrictEqual(unrest(seen(0, [task("a", "running"), task("b", "shutdown", "shutdown")])), [])
    assert.deepStrictEqual(
      unrest(seen(0, [task("a", "pending", "running", { Status: { State: "pending", Err: "no suitable node" } })])),
      []
    )
  })

  it("does not rest while a task starts, stops, waits for its start or is missing, or an update goes on", () => {
    assert.lengthOf(unrest(seen(0, [task("a", "starting")])), 1)
    assert.lengthOf(unrest(seen(0, [task("a", "running", "shutdown")])), 2)
    assert.lengthOf(unrest(seen(0, [task("a", "ready", "ready")])), 1)
    assert.lengthOf(unrest(seen(0, [task("a", "failed")])), 1)
    assert.lengthOf(unrest(seen(0, [])), 1)
    assert.lengthOf(unrest(seen(0, [task("a", "running")], [service(1, { UpdateStatus: { State: "updating" } })])), 1)
    assert.lengthOf(unrest(seen(0, [task("a", "running")], [])), 1)
  })

  it("names conditions that are not met", () => {
    const now = seen(0, [task("a", "running")])
    assert.deepStrictEqual(unmet({ nodes: { n1: "ready" }, updates: { web: "none" } }, now), [])
    assert.lengthOf(unmet({ nodes: { n1: "down", n9: "ready" } }, now), 2)
    assert.lengthOf(unmet({ updates: { web: "completed" } }, now), 1)
    assert.lengthOf(unmet({ tasks: [{ service: "web", state: "running", count: 2 }] }, now), 1)
    assert.deepStrictEqual(unmet({ settled: false }, seen(0, [])), [])
  })
})
