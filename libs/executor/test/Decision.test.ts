import { describe, expect, it } from "vitest"
import { NodeId, RaftIndex, TaskId } from "@evenkeel/domain/Ids"
import * as Journal from "@evenkeel/domain/MoveJournal"
import { ManagerStatus, Node, Resources } from "@evenkeel/domain/Node"
import { Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import { Task } from "@evenkeel/domain/Task"
import { type Brakes, type Decision, decide, isCoolingDown } from "../src/Decision.ts"
import * as Stability from "../src/Stability.ts"
import { serviceOf, taskOf } from "./fixtures/Objects.ts"

const time = "2026-01-01T00:00:00Z"
const createdMillis = Date.parse(time)
const brakes: Brakes = { mode: "act", stabilisationMillis: 1_000, stabilityMillis: 500, coolDownMillis: 60_000 }
/** Long after every cool-down. */
const later = createdMillis + 3_600_000

const node = (name: string, leader: boolean, reachability = "reachable") =>
  new Node({
    id: NodeId.make(name),
    version: RaftIndex.make(1),
    hostname: name,
    labels: {},
    engineLabels: {},
    role: "manager",
    availability: "active",
    state: "ready",
    address: "",
    platform: { os: "linux", architecture: "x86_64" },
    plugins: [],
    resources: new Resources({ nanoCpus: 8e9, memoryBytes: 8e9, generic: [] }),
    manager: new ManagerStatus({ leader, reachability, address: "" }),
    createdAt: time,
    updatedAt: time
  })

interface Case {
  readonly readBy?: string
  readonly reachability?: string
  readonly services?: ReadonlyArray<Service>
  readonly calmForMillis?: number
  readonly brakes?: Partial<Brakes>
  readonly stopping?: boolean
}

/** Two one-replica services of a group, both on n1. */
const group = ["a", "b"].map(
  (name) => new Service({ ...serviceOf({ labels: { "evenkeel.group": "g" } }), id: name as Service["id"], name })
)

const decideOn = (input: Case): Decision => {
  const services = input.services ?? group
  const snapshot = new Snapshot({
    nodes: [node("n1", true), node("n2", false, input.reachability), node("n3", false, input.reachability)],
    services,
    tasks: services.map(({ id }) => new Task({ ...taskOf(`${id}.1`), id: TaskId.make(`${id}.1`), service: id })),
    networks: [],
    readBy: NodeId.make(input.readBy ?? "n1"),
    readAtMillis: later
  })
  const calmSince = later - (input.calmForMillis ?? 5_000)
  const stability = Stability.observe(Stability.initial(calmSince), snapshot, calmSince)
  return decide(
    { snapshot, stability, nowMillis: later, stopping: input.stopping ?? false },
    { ...brakes, ...input.brakes }
  )
}

describe("a move begins", () => {
  it("when the group is uneven and everything is calm", () => {
    expect(decideOn({})).toMatchObject({ _tag: "Begin", move: { strategy: "pin" } })
  })
})

describe("nothing moves", () => {
  it.each<[string, Case, RegExp]>([
    ["in mode observe", { brakes: { mode: "observe" } }, /observe/],
    ["where another manager leads", { readBy: "n2" }, /another manager/],
    ["without a quorum", { reachability: "unreachable" }, /quorum/],
    ["until the nodes have been calm", { calmForMillis: 999 }, /calm/],
    ["when the process stops", { stopping: true }, /stopping/],
    ["within the cool-down after a deploy", { brakes: { coolDownMillis: 7_200_000 } }, /balanced, or nothing/]
  ])("%s", (_, input, because) => {
    const decision = decideOn(input)
    expect(decision._tag).toBe("Idle")
    expect("because" in decision && decision.because).toMatch(because)
  })
  it("while a move of any service is under way", () => {
    const [a, b] = group
    if (a === undefined || b === undefined) throw new Error("two services")
    const journal = new Journal.PinJournal({
      operation: "op",
      task: TaskId.make("a.1"),
      from: NodeId.make("n1"),
      to: NodeId.make("n2"),
      startedAtMillis: later,
      deadlineMillis: later + 1_000,
      changes: []
    })
    const moving = new Service({ ...a, labels: { ...a.labels, [Journal.journalLabel]: Journal.encode(journal) } })
    const decision = decideOn({ services: [moving, b] })
    expect(decision._tag).toBe("Idle")
    expect("because" in decision && decision.because).toMatch(/move of a/)
    expect(decideOn({ services: [moving, b], stopping: true })).toMatchObject({
      _tag: "Restore",
      outcome: "undone",
      journal
    })
  })
})

describe("of two moves under way", () => {
  it("one that waits does not hide one that is held", () => {
    const journal = (task: string) =>
      new Journal.PinJournal({
        operation: task,
        task: TaskId.make(task),
        from: NodeId.make("n1"),
        to: NodeId.make("n2"),
        startedAtMillis: later,
        deadlineMillis: later + 1_000,
        changes: []
      })
    const [waits, held] = group.map((service) => {
      const labels = { ...service.labels, [Journal.journalLabel]: Journal.encode(journal(`${service.id}.1`)) }
      return new Service({ ...service, labels })
    })
    if (waits === undefined || held === undefined) throw new Error("two services")
    const previous = { labels: held.labels, constraints: [], equalsSpec: false, replicas: 1 }
    const services = [waits, new Service({ ...held, updateState: "paused", previous })]
    expect(decideOn({ services })).toMatchObject({ _tag: "Hold", service: { name: "b" } })
  })
})

describe("the cool-down", () => {
  const previous = { labels: {}, constraints: [], equalsSpec: false, replicas: 1 }
  const deployed = "2026-01-01T00:10:00Z"
  const cooling = (service: Service, sinceMillis: number) =>
    isCoolingDown(service, Date.parse(deployed) + sinceMillis, 60_000)
  it("runs from the last write of somebody else", () => {
    const service = serviceOf({ previous, updatedAt: deployed })
    expect(cooling(service, 59_999)).toBe(true)
    expect(cooling(service, 60_000)).toBe(false)
  })
  it("is none with 0, also where Swarm's clock is ahead of this one", () => {
    const service = serviceOf({ previous, updatedAt: deployed })
    expect(cooling(service, -5_000)).toBe(true)
    expect(isCoolingDown(service, Date.parse(deployed) - 5_000, 0)).toBe(false)
  })
  it("does not follow a finished move, which leaves both specs equal", () => {
    expect(cooling(serviceOf({ previous: { ...previous, equalsSpec: true }, updatedAt: deployed }), 0)).toBe(false)
  })
  it("runs from the creation of a service that was never updated", () => {
    expect(isCoolingDown(serviceOf({}), createdMillis + 59_999, 60_000)).toBe(true)
    expect(isCoolingDown(serviceOf({}), createdMillis + 60_000, 60_000)).toBe(false)
  })
})
