/** Services of which no two tasks of a slot may run at once: when they are planned, how, and what follows when a move fails. */
import { describe, expect, it } from "vitest"
import { NodeId, ServiceId, TaskId } from "../src/Ids.ts"
import * as Journal from "../src/MoveJournal.ts"
import * as MoveProgress from "../src/MoveProgress.ts"
import * as Prediction from "../src/moves/Prediction.ts"
import type { Move } from "../src/Plan.ts"
import { plan } from "../src/Planner.ts"
import { Snapshot } from "../src/Snapshot.ts"
import type { Task } from "../src/Task.ts"
import * as Cluster from "./fixtures/Cluster.ts"

const stopFirst = { "evenkeel.order": "stop-first" }
const allowed = { allowGaps: true }
const off = { "evenkeel.rebalance": "off" }

/** Tasks that stay on n1 and make it the fullest node. */
const ballast = (count: number): ReadonlyArray<Cluster.ServiceInput> =>
  Array.from({ length: count }, (_, i) => ({ name: `ballast${i}`, tasks: "n1", labels: off }))

const inShort = (moves: ReadonlyArray<Move>) =>
  moves.map(({ from, order, service, strategy, to }) => `${service} ${strategy} ${order} ${from} ${to}`)

describe("a service of one task with evenkeel.order=stop-first", () => {
  const state = Cluster.snapshot({
    nodes: ["n1", "n2"],
    services: [{ name: "db", tasks: "n1", labels: stopFirst }, ...ballast(1)]
  })

  it("stays while the policy allows no gaps, and its line says what to set", () => {
    const { kept, moves } = plan(state)
    expect(moves).toEqual([])
    const line = kept.find(({ serviceName }) => serviceName === "db")
    expect(line?.reason).toEqual({ _tag: "GapNotAllowed" })
    expect(line?.text).toContain(
      "would leave it without the moved task for a while, and the policy does not allow that"
    )
    expect(line?.text).toContain("`evenkeel policy set allowGaps=true`")
  })

  it("is pinned with a gap where it does, and the move says so", () => {
    const { moves } = plan(state, allowed)
    expect(inShort(moves)).toEqual(["db pin stop-first n1 n2"])
    expect(moves[0]?.text).toMatch(/^Moves from n1 to n2 with a gap \(the old task ends before the new one starts\): /)
  })

  it("stays where another that is as good can be moved without", () => {
    const services = [
      { name: "a", tasks: "n1", labels: stopFirst },
      { name: "b", tasks: "n1" }
    ]
    const { moves } = plan(Cluster.snapshot({ nodes: ["n1", "n2"], services }), allowed)
    expect(inShort(moves)).toEqual(["b pin start-first n1 n2"])
  })
})

describe("a service of several tasks with evenkeel.order=stop-first", () => {
  const three = ["n1", "n2", "n3"]
  const planned = (input: Partial<Cluster.ServiceInput>, nodes: Cluster.ClusterInput["nodes"] = three, more = 2) =>
    plan(
      Cluster.snapshot({
        nodes,
        services: [{ name: "web", tasks: "n1 n2", labels: stopFirst, ...input }, ...ballast(more)]
      }),
      allowed
    )

  it("is emptied with a gap, never surged", () => {
    expect(inShort(planned({}).moves)).toEqual(["web empty stop-first n1 n3"])
    const uneven = planned({ tasks: "n1 n1 n2" }, three, 0)
    expect(uneven.moves).toEqual([])
    expect(uneven.kept[0]?.text).toContain("it is never surged")
    expect(inShort(planned({ tasks: "n1 n1 n2", labels: {} }, three, 0).moves)).toEqual(["web surge start-first n1 n3"])
  })

  it.each([["a host port", { hostPorts: [80] }] as const, ["MaxReplicas", { maxReplicasPerNode: 1 }] as const])(
    "goes only where %s leaves room, as without the label",
    (_, limit) => {
      expect(inShort(planned(limit).moves)).toEqual(["web empty stop-first n1 n3"])
      expect(inShort(planned({ ...limit, labels: {} }).moves)).toEqual(["web empty start-first n1 n3"])
      expect(planned(limit, ["n1", "n2"]).moves).toEqual([])
    }
  )

  it("is placed by Swarm as if the task that makes way were gone: it stays in its zone", () => {
    const zoned = (name: string, zone: string) => ({ name, labels: { zone } })
    const nodes = [zoned("n1", "a"), zoned("n2", "a"), zoned("n3", "b")]
    const tasks = { tasks: "n1 n3", preferences: ["node.labels.zone"] }
    const { moves } = planned(tasks, nodes)
    expect(inShort(moves)).toEqual(["web empty stop-first n1 n2"])
    const [move] = moves
    if (move === undefined) return
    const refusalWith = (order: Move["order"], labels: Readonly<Record<string, string>>) => {
      const services = [{ name: "web", labels, ...tasks }, ...ballast(2)]
      const state = Cluster.snapshot({ nodes, services })
      const web = state.service(ServiceId.make("web"))
      return web === undefined ? "" : Prediction.refusal(state, web, { ...move, order })
    }
    expect(refusalWith("stop-first", stopFirst)).toBeNull()
    // With its old task still there, the other zone has no more than this one.
    expect(refusalWith("start-first", {})).toContain("n3, which is not intended")
  })

  it("stays without a placement to put the constraint into", () => {
    expect(planned({ hasPlacement: false }).kept.find(({ serviceName }) => serviceName === "web")?.reason).toEqual({
      _tag: "PlacementAbsent"
    })
  })
})

describe("right before a move", () => {
  const refusal = (labels: Readonly<Record<string, string>>, order: Move["order"], strategy: Move["strategy"]) => {
    const tasks = strategy === "pin" ? "n1" : "n1 n2"
    const state = Cluster.snapshot({ nodes: ["n1", "n2", "n3"], services: [{ name: "web", tasks, labels }] })
    const [web] = state.services
    const [from, to] = [NodeId.make("n1"), NodeId.make("n3")]
    const intent = { strategy, order, task: TaskId.make("web.1"), from, to, alternatives: [] }
    return web === undefined ? "" : Prediction.refusal(state, web, intent)
  }

  it("the label decides: no two tasks at once where it is set, no gap where it is not", () => {
    for (const strategy of ["pin", "empty"] as const) {
      expect(refusal(stopFirst, "stop-first", strategy)).toBeNull()
      expect(refusal(stopFirst, "start-first", strategy)).toContain("no two of its tasks may run at once")
      expect(refusal({}, "stop-first", strategy)).toContain("no longer has the label")
      expect(refusal({}, "start-first", strategy)).toBeNull()
    }
    expect(refusal(stopFirst, "start-first", "surge")).toContain("no two of its tasks may run at once")
    expect(refusal(stopFirst, "stop-first", "surge")).toContain("no two of its tasks may run at once")
  })
})

describe("a move with a gap under way", () => {
  const about = {
    ...{ operation: "op1", task: TaskId.make("web.1"), from: NodeId.make("n1"), to: NodeId.make("n2") },
    ...{ startedAtMillis: 0, deadlineMillis: 1_000, changes: [], order: "stop-first" as const }
  }
  const pin = new Journal.PinJournal(about)
  const pinWithdrawn = new Journal.PinJournal({ ...about, withdrawn: true })
  const empty = new Journal.EmptyJournal({ ...about, baseline: 2, tasks: [TaskId.make("web.1"), TaskId.make("web.2")] })
  const task = (slot: number, node: string | null, more: Partial<Cluster.TaskInput> = {}) =>
    Cluster.task({ service: "web", slot, node, ...more })
  const old = task(1, "n1", { desired: "shutdown" })
  const stuck = task(1, "n2", { id: "new", state: "starting" })
  const waiting = task(1, null, { id: "new", state: "pending" })

  const next = (
    journal: Journal.MoveJournal,
    tasks: ReadonlyArray<Task>,
    more: {
      readonly now?: number
      readonly stopping?: boolean
      readonly nodes?: ReadonlyArray<Cluster.NodeInput | string>
      readonly updateState?: string
      readonly previous?: Cluster.ServiceInput["previous"]
    } = {}
  ) => {
    const service = Cluster.service({
      name: "web",
      tasks: "",
      replicas: journal._tag === "empty" ? journal.baseline : 1,
      labels: { ...stopFirst, [Journal.journalLabel]: Journal.encode(journal) },
      previous: more.previous ?? null,
      ...(more.updateState === undefined ? {} : { updateState: more.updateState })
    })
    const nodes = (more.nodes ?? ["n1", "n2", "n3"]).map(Cluster.node)
    const [first] = nodes
    const snapshot = new Snapshot({
      ...{ nodes, services: [service], tasks, networks: [], readAtMillis: 0 },
      readBy: first?.id ?? NodeId.make("n1")
    })
    return MoveProgress.next({
      ...{ snapshot, service, nowMillis: more.now ?? 100, stabilityMillis: 50, stopping: more.stopping ?? false },
      servingForMillis: () => 60
    })
  }
  const late = { now: 1_001 }
  const undone = expect.objectContaining({ _tag: "Restore", outcome: "undone" })

  it("takes it for no failure that the old task is gone before the new one runs", () => {
    expect(next(pin, [old, stuck])._tag).toBe("Wait")
    expect(next(pin, [old, waiting])._tag).toBe("Wait")
    expect(next(empty, [old, stuck, task(2, "n3")])._tag).toBe("Wait")
    expect(next(pin, [old, task(1, "n2", { id: "new" })])).toMatchObject({ _tag: "Restore", outcome: "completed" })
  })

  it.each([
    ["after its deadline", late],
    ["when the update is paused", { updateState: "paused" }]
  ])("%s goes back to where the task served", (_, more) => {
    for (const missing of [stuck, waiting])
      expect(next(pin, [old, missing], more)).toMatchObject({ _tag: "Withdraw", constraint: "node.id==n1" })
  })

  it("goes anywhere but the target where that node is no more; leaves it to Swarm where the target is lost too", () => {
    const drained = (name: string) => ({ name, availability: "drain" })
    expect(next(pin, [stuck], { ...late, nodes: [drained("n1"), "n2", "n3"] })).toMatchObject({
      constraint: "node.id!=n2"
    })
    expect(next(pin, [stuck], { ...late, nodes: [drained("n1"), drained("n2"), "n3"] })).toEqual(undone)
  })

  it("leaves a task that is coming up where it is when this process stops", () => {
    expect(next(pin, [old, stuck], { stopping: true })).toEqual(undone)
    expect(next(pinWithdrawn, [stuck], { stopping: true })).toEqual(undone)
  })

  it("once withdrawn gives the spec back when the task serves, or after as long again", () => {
    const coming = task(1, "n1", { id: "newer", state: "starting" })
    expect(next(pinWithdrawn, [coming], { now: 1_999 })._tag).toBe("Wait")
    expect(next(pinWithdrawn, [task(1, "n1", { id: "newer" })], late)).toEqual(undone)
    expect(next(pinWithdrawn, [coming], { now: 2_001 })).toMatchObject({
      outcome: "undone",
      because: expect.stringContaining("has not come up elsewhere either") as string
    })
  })

  it("is not held for its own withdrawal, which Swarm has paused", () => {
    const labels = { [Journal.journalLabel]: Journal.encode(pin) }
    const previous = { labels, constraints: [], replicas: 1, equalsSpec: false }
    const coming = task(1, "n1", { id: "newer", state: "starting" })
    expect(next(pinWithdrawn, [coming], { now: 2_001, updateState: "paused", previous })).toEqual(undone)
  })

  it("an empty leaves the one node where its task does not come up, unless others of it serve there", () => {
    const withdrawn = { _tag: "Withdraw", constraint: "node.id!=n2" }
    expect(next(empty, [stuck, task(2, "n3")], late)).toMatchObject(withdrawn)
    const failed = task(1, "n2", { id: "failed", state: "failed", desired: "shutdown" })
    expect(next(empty, [failed, waiting, task(2, "n3")], late)).toMatchObject(withdrawn)
    expect(next(empty, [waiting, task(2, "n3")], late)).toEqual(undone)
    expect(next(empty, [stuck, task(2, "n2")], late)).toEqual(undone)
  })
})
