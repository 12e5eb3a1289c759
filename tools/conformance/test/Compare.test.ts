import { assert, describe, it } from "@effect/vitest"
import { sift, Allowance } from "../src/Allowed.ts"
import { compare, isWithin, withPassed } from "../src/Compare.ts"
import type { StepTrace, TaskTrace, Trace } from "../src/Trace.ts"
import { decode, encode } from "../src/Trace.ts"

const task: TaskTrace = {
  name: "web.1#1",
  node: "n1",
  states: ["assigned", "running"],
  desired: ["running"],
  message: "started",
  error: "",
  exitCode: 0,
  template: 1,
  networks: [],
  created: 1,
  lasting: []
}

const step: StepTrace = {
  step: "create web",
  answer: { status: 201 },
  reached: true,
  tasks: [task],
  survived: ["api.1#1"],
  services: [
    { name: "web", spec: { Name: "web" }, previousSpec: { Name: "web" }, updates: ["none", "completed: done"] }
  ],
  removed: [],
  nodes: [{ name: "n1", role: "manager", availability: "active", labels: {}, states: ["ready"], message: "" }],
  events: ["service web create", "node n1 update", "service web update replicas.new=2"]
}

const traceOf = (steps: ReadonlyArray<StepTrace>): Trace => ({ scenario: "s", by: "test", nodes: [], steps })
const found = (change: Partial<StepTrace>) =>
  compare(traceOf([step]), traceOf([{ ...step, ...change }])).map(({ what }) => what)
const foundInTask = (change: Partial<TaskTrace>) => found({ tasks: [{ ...task, ...change }] })

describe("compare", () => {
  it("finds nothing between equal traces, however they are encoded", () => {
    assert.deepStrictEqual(found({}), [])
    assert.deepStrictEqual(compare(traceOf([step]), decode(encode(traceOf([step])))), [])
  })

  it("finds every kind of difference in a step", () => {
    assert.deepStrictEqual(found({ answer: { status: 500 } }), ["answer status"])
    assert.deepStrictEqual(found({ answer: { status: 201, body: { message: "no" } } }), ["answer body"])
    assert.deepStrictEqual(found({ reached: false }), ["reached"])
    assert.deepStrictEqual(found({ survived: [] }), ["survived"])
    assert.deepStrictEqual(found({ removed: ["web"] }), ["removed services"])
    assert.deepStrictEqual(found({ tasks: [] }), ["task web.1#1"])
    assert.deepStrictEqual(found({ tasks: [task, { ...task, name: "web.2#1" }] }), ["task web.2#1"])
    assert.deepStrictEqual(found({ tasks: [task, task] }), ["task web.1#1"])
    assert.deepStrictEqual(found({ services: [] }), ["service web"])
    assert.deepStrictEqual(found({ nodes: [] }), ["node n1"])
  })

  it("finds another leader, another written service, another node, where the recording tells of them", () => {
    const recorded = { ...step, on: "n1", leaders: ["n1", "n3"], written: ["web"] }
    const differences = (change: Partial<StepTrace>) =>
      compare(traceOf([recorded]), traceOf([{ ...recorded, ...change }])).map(({ what }) => what)
    assert.deepStrictEqual(differences({}), [])
    assert.deepStrictEqual(differences({ on: "n2" }), ["on"])
    assert.deepStrictEqual(differences({ leaders: ["n1", "n2"] }), ["leaders"])
    assert.deepStrictEqual(differences({ written: [] }), ["written services"])
    assert.deepStrictEqual(found({ leaders: ["n1"], written: ["web"] }), [])
    const other = { ...traceOf([step]), leader: "n2" }
    assert.deepStrictEqual(
      compare({ ...traceOf([step]), leader: "n1" }, other).map(({ what }) => what),
      ["leader"]
    )
  })

  it("lets a node pass a state that nobody could be asked about, not stay in it", () => {
    const [node] = step.nodes
    const embedded = (...states: ReadonlyArray<string>) =>
      compare(
        traceOf([{ ...step, nodes: [] }]),
        traceOf([{ ...step, nodes: node === undefined ? [] : [{ ...node, states }] }])
      ).map(({ what }) => what)
    assert.deepStrictEqual(embedded("ready", "unknown", "ready"), [])
    assert.deepStrictEqual(embedded("ready", "unknown"), ["node n1"])
  })

  it("lets a node be written once more without saying what changed, and no other object", () => {
    const more = (...events: ReadonlyArray<string>) =>
      compare(traceOf([{ ...step, events: [...step.events, ...events] }]), traceOf([step])).map(({ what }) => what)
    assert.deepStrictEqual(more("node n1 update"), [])
    assert.deepStrictEqual(more("node n2 update"), [])
    assert.deepStrictEqual(more("node n1 update", "node n1 update"), ["events of node n1"])
    assert.deepStrictEqual(more("node n1 update state.new=down state.old=ready"), ["events of node n1"])
    assert.deepStrictEqual(more("service web update"), ["events of service web"])
    const said = "node n1 update state.new=down state.old=ready"
    const ordered = (...events: ReadonlyArray<string>) => traceOf([{ ...step, events }])
    assert.deepStrictEqual(compare(ordered(said, "node n1 update"), ordered("node n1 update", said)), [])
    assert.lengthOf(compare(ordered(said), ordered(said, "node n1 update")), 1)
  })

  it("lets a replacement pass `ready` at once only where its preparation took the time of its delay", () => {
    const held = { ...task, states: ["assigned", "preparing", "ready", "starting", "running"], lasting: ["ready"] }
    const compared = (recorded: TaskTrace) =>
      compare(traceOf([{ ...step, tasks: [recorded] }]), traceOf([{ ...step, tasks: [held] }])).map(({ what }) => what)
    const slow = { ...task, states: ["assigned", "preparing", "starting", "running"] }
    assert.deepStrictEqual(compared(slow), ["task web.1#1 states"])
    assert.deepStrictEqual(compared({ ...slow, lasting: ["preparing"] }), [])
  })

  it("finds every kind of difference in a task", () => {
    assert.deepStrictEqual(foundInTask({ node: "n2" }), ["task web.1#1 node"])
    assert.deepStrictEqual(foundInTask({ states: ["assigned", "failed"] }), ["task web.1#1 states"])
    assert.deepStrictEqual(foundInTask({ desired: ["running", "shutdown"] }), ["task web.1#1 desired"])
    assert.deepStrictEqual(foundInTask({ message: "stopped" }), ["task web.1#1 message"])
    assert.deepStrictEqual(foundInTask({ error: "no" }), ["task web.1#1 error"])
    assert.deepStrictEqual(foundInTask({ exitCode: 1 }), ["task web.1#1 exit code"])
    assert.deepStrictEqual(foundInTask({ template: 2 }), ["task web.1#1 template"])
    assert.deepStrictEqual(foundInTask({ networks: ["net"] }), ["task web.1#1 networks"])
    assert.deepStrictEqual(foundInTask({ gone: true }), ["task web.1#1 gone"])
  })

  it("forgives states that were between two observations, not lasting ones and not another order", () => {
    assert.deepStrictEqual(foundInTask({ states: ["new", "pending", "assigned", "starting", "running"] }), [])
    assert.deepStrictEqual(foundInTask({ states: ["assigned", "starting", "running"], lasting: ["starting"] }), [
      "task web.1#1 states"
    ])
    assert.deepStrictEqual(foundInTask({ states: ["running", "assigned", "running"] }), [])
    assert.deepStrictEqual(foundInTask({ states: ["running"] }), ["task web.1#1 states"])
  })

  it("compares specs whatever the order of their keys, and updates and events in order", () => {
    const [service] = step.services
    assert.isDefined(service)
    const changed = (change: object) => found({ services: [{ ...service, ...change }] })
    assert.deepStrictEqual(changed({ spec: { Name: "web", Labels: {} } }), ["service web spec"])
    assert.deepStrictEqual(changed({ previousSpec: undefined }), ["service web previous spec"])
    assert.deepStrictEqual(changed({ endpointSpec: {} }), ["service web endpoint spec"])
    assert.deepStrictEqual(changed({ updates: ["none", "updating: x", "completed: done"] }), [])
    assert.deepStrictEqual(changed({ updates: ["none"] }), ["service web updates"])
    const [create = "", node = "", update = ""] = step.events
    assert.deepStrictEqual(found({ events: [node, create, update] }), [])
    assert.deepStrictEqual(found({ events: [update, node, create] }), ["events of service web"])
  })

  it("finds steps that are missing or others", () => {
    assert.deepStrictEqual(
      compare(traceOf([step, step]), traceOf([step])).map(({ what }) => what),
      ["steps"]
    )
  })

  it("does not add what managers do: a task that waited must have waited", () => {
    const waited = { ...task, states: ["new", "pending", "assigned", "running"] }
    const compared = (...states: ReadonlyArray<string>) =>
      compare(traceOf([{ ...step, tasks: [waited] }]), traceOf([{ ...step, tasks: [{ ...task, states }] }]))
    assert.lengthOf(compared("new", "assigned", "running"), 1)
    assert.lengthOf(compared("new", "pending", "assigned", "running"), 0)
  })

  it("adds the states that a task must have passed on its node, and no others", () => {
    assert.deepStrictEqual(
      withPassed(["assigned", "starting", "running"]).join(),
      "assigned,accepted,preparing,ready,starting,running"
    )
    assert.deepStrictEqual(withPassed(["starting", "failed"]).join(), "starting,failed")
    assert.deepStrictEqual(withPassed(["preparing", "shutdown"]).join(), "preparing,shutdown")
    assert.deepStrictEqual(foundInTask({ states: ["assigned", "running", "failed"] }), ["task web.1#1 states"])
  })

  it("knows parts of sequences", () => {
    assert.isTrue(isWithin(["a", "c"], ["a", "b", "c"]))
    assert.isFalse(isWithin(["c", "a"], ["a", "b", "c"]))
    assert.isFalse(isWithin(["a", "a"], ["a", "b"]))
  })
})

describe("sift", () => {
  const differences = compare(traceOf([step]), traceOf([{ ...step, reached: false, survived: [] }]))
  const allowance = (scenario: string, what: string) => new Allowance({ scenario, what, reason: "known" })

  it("lets a difference pass only at its step and with its values, where they are given", () => {
    const given = (change: object) => new Allowance({ scenario: "s", what: "reached", reason: "known", ...change })
    const left = (change: object) => sift(differences, [given(change)]).left.map(({ what }) => what)
    assert.deepStrictEqual(left({ step: 1, recorded: "tr*", embedded: "false" }), ["survived"])
    for (const change of [{ step: 2 }, { recorded: "false" }, { embedded: "true" }])
      assert.deepStrictEqual(left(change), ["reached", "survived"])
  })

  it("lets listed differences pass, by pattern, and names what no longer occurs", () => {
    const listed = allowance("*", "surv*")
    const unused = allowance("other", "reached")
    const { left, allowed, unused: useless } = sift(differences, [listed, unused])
    assert.deepStrictEqual(
      left.map(({ what }) => what),
      ["reached"]
    )
    assert.deepStrictEqual(
      allowed.map(({ what }) => what),
      ["survived"]
    )
    assert.deepStrictEqual(useless, [unused])
  })
})
