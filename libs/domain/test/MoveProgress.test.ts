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
  it.each([
    ["drained", { name: "n2", availability: "drain" }],
    ["down", { name: "n2", state: "down" }]
  ])("is undone when the target is %s, so that Swarm may place the task elsewhere", (_, target) => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], nodes: ["n1", target] })).toEqual(restored("undone"))
  })
  it("is undone when the target has left the Swarm", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], nodes: ["n1"] })).toEqual(restored("undone"))
  })
  it("is undone after its deadline", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1"), task(1, "n2", starting)], now: 1_001 })).toEqual(
      restored("undone")
    )
  })
  it.each(["paused", "rollback_started", "rollback_completed"])("is undone when the update is %s", (updateState) => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], updateState })).toEqual(restored("undone"))
  })
  it("is undone when somebody scaled the service", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1")], replicas: 3 })).toEqual(restored("undone"))
  })
  it("is ended either way when the process stops", () => {
    expect(next({ journal: pin, tasks: [task(1, "n1"), task(1, "n2", starting)], stopping: true })).toEqual(
      restored("undone")
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

describe("what a move leaves behind", () => {
  const marked = Journal.pinConstraints(n2, "op1", "absent")
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
