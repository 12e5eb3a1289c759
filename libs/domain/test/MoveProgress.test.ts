import { describe, expect, it } from "vitest"
import { NodeId, TaskId } from "../src/Ids.ts"
import * as Journal from "../src/MoveJournal.ts"
import * as MoveProgress from "../src/MoveProgress.ts"
import { Service } from "../src/Service.ts"
import { Snapshot } from "../src/Snapshot.ts"
import type { Task } from "../src/Task.ts"
import * as Cluster from "./fixtures/Cluster.ts"

const [n1, n2] = [NodeId.make("n1"), NodeId.make("n2")]
const about = {
  operation: "op1",
  task: TaskId.make("web.1"),
  from: n1,
  to: n2,
  startedAtMillis: 0,
  deadlineMillis: 1_000
}
const pin = new Journal.PinJournal({ ...about, changes: [] })
const pinWithdrawn = new Journal.PinJournal({ ...about, changes: [], withdrawn: true })
const surge = new Journal.SurgeJournal({
  ...about,
  changes: [],
  baseline: 2,
  alternatives: [],
  tasks: [TaskId.make("web.1"), TaskId.make("web.2")]
})

interface Case {
  readonly journal?: Journal.MoveJournal
  readonly labels?: Readonly<Record<string, string>>
  readonly constraints?: ReadonlyArray<string>
  readonly replicas?: number
  readonly updateState?: string
  readonly previous?: Service["previous"]
  readonly tasks: ReadonlyArray<Task>
  readonly nodes?: ReadonlyArray<Cluster.NodeInput | string>
  readonly servingFor?: number
  readonly now?: number
  readonly stopping?: boolean
}

const task = (slot: number, node: string | null, more: Partial<Cluster.TaskInput> = {}) =>
  Cluster.task({ service: "web", slot, node, ...more })

const next = (input: Case): MoveProgress.NextStep => {
  const labels = {
    ...input.labels,
    ...(input.journal === undefined ? {} : { [Journal.journalLabel]: Journal.encode(input.journal) })
  }
  const service = Cluster.service({
    name: "web",
    tasks: "",
    replicas: input.replicas ?? 1,
    labels,
    constraints: input.constraints ?? [],
    previous: input.previous ?? null,
    ...(input.updateState === undefined ? {} : { updateState: input.updateState })
  })
  const snapshot = new Snapshot({
    nodes: (input.nodes ?? ["n1", "n2", "n3"]).map(Cluster.node),
    services: [service],
    tasks: input.tasks,
    networks: [],
    readBy: n1,
    readAtMillis: 0
  })
  return MoveProgress.next({
    snapshot,
    service,
    nowMillis: input.now ?? 100,
    stabilityMillis: 50,
    stopping: input.stopping ?? false,
    servingForMillis: () => input.servingFor ?? 0
  })
}

const restored = (outcome: "completed" | "undone") => expect.objectContaining({ _tag: "Restore", outcome })
const leaving = { desired: "shutdown" }
const starting = { id: "new", state: "starting" }

describe("a pin", () => {
  it("waits while the new task starts beside the old one", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1"), task(1, "n2", starting)] })._tag).toBe("Wait")
  })
  it("waits while the old task is still wanted", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1"), task(1, "n2", { id: "new" })], servingFor: 90 })._tag).toBe(
      "Wait"
    )
  })
  it("waits until the new task has served for the stability period", () => {
    expect(
      next({ journal: pin, tasks: [task(1, "n1", leaving), task(1, "n2", { id: "new" })], servingFor: 49 })._tag
    ).toBe("Wait")
  })
  it("is complete when only the new task is wanted and has been stable", () => {
    expect(
      next({ journal: pin, tasks: [task(1, "n1", leaving), task(1, "n2", { id: "new" })], servingFor: 50 })
    ).toEqual(restored("completed"))
  })
  it("waits for a target of which a new leader has not heard yet", () => {
    const tasks = [task(1, "n1", leaving), task(1, "n2", { id: "new" })]
    expect(next({ journal: pin, tasks, nodes: ["n1", { name: "n2", state: "unknown" }], servingFor: 90 })._tag).toBe(
      "Wait"
    )
  })
  it.each([
    ["drained", { name: "n2", availability: "drain" }],
    ["down", { name: "n2", state: "down" }]
  ])("is undone when the target is %s, so that Swarm may place the task elsewhere", (_, target) => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], nodes: ["n1", target] })).toEqual(restored("undone"))
  })
  it("is undone when the target has left the Swarm", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], nodes: ["n1"] })).toEqual(restored("undone"))
  })
  it("is withdrawn after its deadline: without the constraint Swarm might keep the task that does not serve", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1"), task(1, "n2", starting)], now: 1_001 })).toMatchObject({
      _tag: "Withdraw",
      constraint: "node.id==n1"
    })
  })
  it("is undone after its deadline when only one task is wanted", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], now: 1_001 })).toEqual(restored("undone"))
  })
  it("once withdrawn, waits until Swarm has stopped the task that did not come up, and is then undone", () => {
    const withdrawn = { journal: pinWithdrawn, constraints: ["node.id==n1", "node.labels.evenkeel.move!=op1.none"] }
    const broken = task(1, "n2", starting)
    expect(next({ ...withdrawn, tasks: [task(1, "n1"), broken] })._tag).toBe("Wait")
    expect(next({ ...withdrawn, tasks: [task(1, "n1"), task(1, "n2", { ...starting, ...leaving })] })).toEqual(
      restored("undone")
    )
    // The old one is lost meanwhile: nothing holds the new one back.
    expect(next({ ...withdrawn, tasks: [broken] })).toEqual(restored("undone"))
  })
  it.each(["paused", "rollback_started", "rollback_completed"])("is undone when the update is %s", (updateState) => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], updateState })).toEqual(restored("undone"))
  })
  it("is undone when somebody scaled the service", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], replicas: 3 })).toEqual(restored("undone"))
  })
  it("is ended either way when the process stops", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], stopping: true })).toEqual(restored("undone"))
    expect(next({ journal: pin, tasks: [task(1, "n1"), task(1, "n2", starting)], stopping: true })._tag).toBe(
      "Withdraw"
    )
    expect(next({ journal: pin, tasks: [task(1, "n2", { id: "new" })], stopping: true })).toEqual(restored("completed"))
  })
})

describe("a surge", () => {
  const before = [task(1, "n1"), task(2, "n1")]
  it("waits for the new task", () => {
    expect(next({ journal: surge, replicas: 3, tasks: [...before, task(3, "n2", starting)] })._tag).toBe("Wait")
  })
  it("is complete when the new task is stable and Swarm would stop one of the donor's", () => {
    expect(
      next({ journal: surge, replicas: 3, tasks: [...before, task(3, "n2", { id: "new" })], servingFor: 60 })
    ).toEqual(restored("completed"))
  })
  it("is never scaled back onto a serving task while the new one is broken", () => {
    const tasks = [...before, task(3, "n2", { id: "new", state: "starting" })]
    expect(next({ journal: surge, replicas: 3, tasks, now: 2_000 })._tag).toBe("Hold")
  })
  it("is undone when the new task never got a node: Swarm would take just that one", () => {
    const tasks = [...before, task(3, null, { id: "new", state: "pending" })]
    expect(next({ journal: surge, replicas: 3, tasks, now: 2_000 })).toEqual(restored("undone"))
  })
  it("is undone when the new task landed on the donor, where it is the one that goes", () => {
    const tasks = [...before, task(3, "n1", { id: "new" })]
    expect(next({ journal: surge, replicas: 3, tasks, now: 2_000 })).toEqual(restored("undone"))
  })
  it("leaves the number alone when somebody else changed it", () => {
    expect(next({ journal: surge, replicas: 5, tasks: before })).toEqual(restored("undone"))
  })
  it("is left to the next instance when the process stops and no way is safe", () => {
    const tasks = [...before, task(3, "n2", starting)]
    expect(next({ journal: surge, replicas: 3, tasks, stopping: true })._tag).toBe("Wait")
  })
})

describe("a broken new task never costs one that serves", () => {
  const old = [task(1, "n1"), task(2, "n1")]
  const added = (node: string | null, more: Partial<Cluster.TaskInput> = {}) => task(3, node, { id: "new", ...more })
  const down = { name: "n2", state: "down" }
  const late = { now: 2_000 }
  it.each<[string, Partial<Case>, ReadonlyArray<Task>, "Wait" | "Hold" | "completed" | "undone"]>([
    ["stuck on the target, in time", {}, [...old, added("n2", { state: "starting" })], "Wait"],
    ["stuck on the target, late", late, [...old, added("n2", { state: "starting" })], "Hold"],
    [
      "between two failures on the target, late",
      late,
      [...old, added("n2", { state: "ready", desired: "ready" })],
      "Hold"
    ],
    ["failed, its successor waits for a node", late, [...old, added(null, { state: "pending" })], "undone"],
    ["rejected, its successor on the donor", late, [...old, added("n1", { state: "starting" })], "undone"],
    ["serving on the donor", {}, [...old, added("n1")], "undone"],
    ["serving on the wrong node, as good as the right one", {}, [...old, added("n3")], "undone"],
    ["starting on the wrong node", {}, [...old, added("n3", { state: "starting" })], "Wait"],
    ["on a target that died, not yet replaced", { nodes: ["n1", down, "n3"] }, [...old, added("n2")], "Hold"],
    ["on a target that died, replaced on the donor", { nodes: ["n1", down, "n3"] }, [...old, added("n1")], "undone"],
    [
      "serving while an old one has failed",
      {},
      [task(1, "n1"), task(2, "n1", { state: "starting" }), added("n2")],
      "Wait"
    ],
    [
      "serving, while an old one has failed, late",
      { ...late, servingFor: 60 },
      [task(1, "n1"), task(2, "n1", { state: "starting" }), added("n2")],
      "completed"
    ],
    ["stable, with the donor's to go", { servingFor: 60 }, [...old, added("n2")], "completed"]
  ])("a surge whose new task is %s", (_, input, tasks, expected) => {
    const step = next({ journal: surge, replicas: 3, ...input, tasks })
    expect(step._tag === "Restore" ? step.outcome : step._tag).toBe(expected)
  })

  const empty = new Journal.EmptyJournal({
    ...about,
    changes: [],
    baseline: 2,
    tasks: [TaskId.make("web.1"), TaskId.make("web.2")]
  })
  const constraints = ["node.id!=n1", "node.labels.evenkeel.move!=op1.none"]
  it.each<[string, Partial<Case>, ReadonlyArray<Task>, string]>([
    ["with its tasks still there", {}, old, "Wait"],
    ["with one that starts elsewhere", {}, [...old, task(1, "n2", starting)], "Wait"],
    ["with all elsewhere, not yet stable", { servingFor: 40 }, [task(1, "n2"), task(2, "n3")], "Wait"],
    ["with all elsewhere, stable", { servingFor: 60 }, [task(1, "n2"), task(2, "n3")], "completed"],
    ["given up before anything began", late, old, "undone"],
    ["given up with one stuck on a node of its own", late, [...old, task(1, "n2", starting)], "Withdraw node.id!=n2"],
    [
      "given up with one stuck beside one that serves",
      late,
      [task(1, "n1"), task(1, "n2", starting), task(2, "n2", { id: "new2" })],
      "Hold"
    ],
    [
      "given up with two stuck on different nodes",
      late,
      [...old, task(1, "n2", starting), task(2, "n3", { ...starting, id: "new2" })],
      "Hold"
    ],
    ["paused, the new one waiting for a node", { updateState: "paused" }, [...old, task(1, null, starting)], "undone"]
  ])("an empty %s", (_, input, tasks, expected) => {
    const step = next({ journal: empty, constraints, replicas: 2, ...input, tasks })
    const said = step._tag === "Withdraw" ? `Withdraw ${step.constraint}` : step._tag
    expect(step._tag === "Restore" ? step.outcome : said).toBe(expected)
  })
})

describe("somebody writes the service in the middle of a move", () => {
  const both = (journal: Journal.MoveJournal, equalsSpec = false) => ({
    journal,
    previous: {
      labels: { [Journal.journalLabel]: Journal.encode(journal) },
      constraints: [],
      equalsSpec,
      replicas: null
    }
  })
  const tasks = [task(1, "n1")]
  it.each(["updating", "rollback_started"])(
    "their rollout that is %s is waited for, until the move's deadline",
    (updateState) => {
      expect(next({ ...both(pin), updateState, tasks })._tag).toBe("Wait")
      expect(next({ ...both(pin), updateState, tasks, now: 1_001 })).toEqual(restored("undone"))
    }
  )
  it.each(["paused", "rollback_paused"])("their rollout that is %s is never resumed by a write", (updateState) => {
    expect(next({ ...both(pin), updateState, tasks, now: 1_001 })._tag).toBe("Hold")
  })
  it("the move goes on when their change has gone through", () => {
    expect(next({ ...both(pin), updateState: "completed", tasks: [task(1, "n2")], servingFor: 60 })).toEqual(
      restored("completed")
    )
  })
  const mark = { [Journal.surgeLabel]: Journal.surgeMark("op1", 2) }
  it("the number that the surge has for the moment is theirs when they ask for just that", () => {
    const step = next({ ...both(surge, true), labels: mark, replicas: 3, tasks: [task(1, "n1"), task(2, "n1")] })
    expect(step).toMatchObject({ _tag: "Restore", because: "somebody asked for the 3 replicas that the move has" })
  })
  it("a surge that lost its journal is taken back by its mark, where that costs nothing", () => {
    const old = [task(1, "n1"), task(2, "n1")]
    expect(next({ labels: mark, replicas: 3, tasks: [...old, task(3, "n2", { id: "new" })] })).toEqual(
      restored("undone")
    )
    expect(next({ labels: mark, replicas: 3, tasks: [...old, task(3, "n2", starting)] })._tag).toBe("Hold")
  })
})

describe("what a move leaves behind", () => {
  const marked = Journal.pinConstraints(n2, "op1", { order: "absent", parallelism: null })
  it("is nothing in a service that no move touched", () => {
    expect(next({ tasks: [task(1, "n1")] })).toEqual({ _tag: "Nothing" })
  })
  it("is taken out when a pin lost its journal", () => {
    expect(next({ constraints: marked, tasks: [task(1, "n2")] })).toEqual(restored("undone"))
  })
  it("is taken out when the journal cannot be read", () => {
    expect(next({ labels: { [Journal.journalLabel]: "{}" }, tasks: [task(1, "n2")] })).toEqual(restored("undone"))
  })
  const previous = { labels: {}, constraints: marked, equalsSpec: false, replicas: 1 }
  it("is settled when only the previous spec holds it", () => {
    expect(next({ previous, tasks: [task(1, "n2")] })).toEqual({ _tag: "Settle" })
  })
  it("waits for a rollout before the previous spec is settled", () => {
    expect(next({ previous, updateState: "updating", tasks: [task(1, "n2")] })._tag).toBe("Wait")
    expect(next({ previous, updateState: "paused", tasks: [task(1, "n2")] })._tag).toBe("Wait")
  })
})
