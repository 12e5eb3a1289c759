import { describe, expect, it } from "vitest"

import { TaskId } from "@evenkeel/domain/Ids"
import * as Journal from "@evenkeel/domain/MoveJournal"
import { toEnd } from "@evenkeel/domain/Pausable"
import { Move, Plan } from "@evenkeel/domain/Plan"
import { Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Alongside from "../../src/brakes/Alongside.ts"
import * as Around from "../../src/brakes/Around.ts"
import * as Brake from "../../src/brakes/Brake.ts"
import * as Brakes from "../../src/brakes/Brakes.ts"
import * as Policy from "../../src/brakes/Policy.ts"
import { planNow } from "../../src/Decision.ts"
import { minute, n, now, s, snapshotOf, stateOf, type StateInput, threeManagers } from "./Situation.ts"

const group = { labels: { "evenkeel.group": "g" } }
/** Three services of a group, all on n1: two of them have to move, whichever. */
const uneven = snapshotOf(threeManagers, { a: group, b: group, c: group })

const heldBy = (input: StateInput = {}, snapshot = uneven) => {
  const state = stateOf({ ...input, settings: { coolDownMillis: 0, taskAgeMillis: 0, ...input.settings } })
  return Brakes.held(Brakes.engaged(state, snapshot, now), state, snapshot, now)
}

type Planned = Parameters<typeof Around.planAround>
/** `plan`: what is planned in the place of the snapshot. */
const planAround = (held: Planned[0], snapshot: Snapshot, at: number, plan?: (coolDown: ReadonlySet<string>) => Plan) =>
  toEnd(
    plan === undefined
      ? Around.planAround(held, snapshot, at)
      : Around.planAround(held, snapshot, at, function* (coolDown) {
          return plan(coolDown)
        })
  )

const namesOf = (plan: Plan) => plan.moves.map(({ serviceName }) => serviceName)
const first = (plan: Plan): Move => {
  const [move] = plan.moves
  if (move === undefined) throw new Error("a plan with moves")
  return move
}

describe("the plan around what is held", () => {
  const free = planAround(heldBy(), uneven, now)
  it("is the plan where nothing is", () => {
    expect(free.because).toBeNull()
    expect(free.plan).toEqual(planNow(uneven, now, 0))
    expect(free.plan.moves).toHaveLength(2)
  })

  it("is still shown where everything is held, with the reason", () => {
    const around = planAround(heldBy({ settings: { mode: "observe" } }), uneven, now)
    expect(around.because).toMatch(/observe/)
    expect(namesOf(around.plan)).toEqual(namesOf(free.plan))
  })

  it("leaves out a service that refuses, where others do as well", () => {
    const { service, serviceName } = first(free.plan)
    const refusal: Brake.Refusal = { service, serviceName, reason: "said not now", untilMillis: now + minute }
    const around = planAround(heldBy({ refusals: [refusal] }), uneven, now)
    expect(around.because).toBeNull()
    expect(namesOf(around.plan)).not.toContain(serviceName)
    expect(around.plan.moves).toHaveLength(2)
  })

  it("plans again when the very move is refused, and says why when nothing else helps", () => {
    const held = heldBy()
    const young = (names: ReadonlyArray<string>) => ({
      ...held,
      refuses: (move: Move) =>
        names.includes(move.serviceName)
          ? {
              brake: "task-age" as const,
              scope: { kind: "service" as const, service: move.service, name: move.serviceName },
              reason: `a task of service ${move.serviceName} is too young`,
              untilMillis: now + 1
            }
          : null
    })
    const one = planAround(young([first(free.plan).serviceName]), uneven, now)
    expect([one.because, one.refused.length]).toEqual([null, 1])
    expect(first(one.plan).serviceName).not.toBe(first(free.plan).serviceName)
    const all = planAround(young(["a", "b", "c"]), uneven, now)
    expect(all.because).toMatch(/too young/)
    expect(namesOf(all.plan)).toEqual(namesOf(free.plan))
  })
})

describe("an approved plan", () => {
  it("is gone on with although a move that nobody approved would come first by now", () => {
    const [unapproved, wanted] = planNow(uneven, now, 0).moves
    if (unapproved === undefined || wanted === undefined) throw new Error("two moves")
    const around = (moves: ReadonlyArray<Move>) => {
      const approval = { by: "ann", atMillis: now, untilMillis: now + minute, basedOn: uneven.raftIndex, moves }
      return planAround(heldBy({ settings: { mode: "observe" }, policy: { ...Policy.none, approval } }), uneven, now)
    }
    const approved = around([wanted])
    expect([approved.because, first(approved.plan).serviceName]).toEqual([null, wanted.serviceName])
    // Where nothing that is left is approved, nothing begins, and the mode says why.
    expect(around([{ ...wanted, task: TaskId.make("gone") } as Move]).because).toMatch(/observe/)
  })
})

describe("while a service is held for a while", () => {
  const refusal: Brake.Refusal = {
    service: s("x"),
    serviceName: "x",
    reason: "said not now",
    untilMillis: now + minute
  }
  const on = (...nodes: ReadonlyArray<string>) => ({ on: nodes })
  const several = on("n1", "n1", "n3", "n3")

  it("a move that would have to be made back waits", () => {
    // One surge of x leaves every node with two tasks. Without it y could go to n2, and would have to leave it again.
    const swarm = snapshotOf(threeManagers, { x: several, y: on("n3"), z: on("n2") })
    expect(namesOf(planNow(swarm, now, 0))).toEqual(["x"])
    const around = planAround(heldBy({ refusals: [refusal] }, swarm), swarm, now)
    expect(around.because).toMatch(/make up for service x, which is held/)
    expect(planAround(heldBy({ refusals: [refusal] }, swarm), swarm, now).because).toBe(around.because)
  })

  it("a move further on in the plan begins in its place, if that one may", () => {
    const swarm = snapshotOf(threeManagers, { a: group, b: group, c: group, d: on("n2") })
    const whole = planNow(swarm, now, 0)
    const next = first(whole)
    const [there] = swarm.tasksOfService(s("d"))
    const aside = new Move({ ...next, service: s("d"), task: there?.id ?? next.task, from: n("n2"), to: n("n1") }, true)
    const current = new Plan({ ...whole, moves: [aside, next] }, true)
    const around = (refuses: Brakes.Held["refuses"]) =>
      planAround({ ...heldBy({ refusals: [refusal] }, swarm), refuses }, swarm, now, (coolDown) =>
        coolDown.size === 0 ? whole : current
      )
    const free = around(() => null)
    expect([free.because, first(free.plan)]).toEqual([null, next])
    const young = { brake: "task-age", scope: Brake.all, reason: "too young", untilMillis: now + 1 } as const
    const held = around((move) => (move === next ? young : null))
    expect(held).toMatchObject({ because: "too young", refused: [young] })
  })

  it("a move that is needed all the same is made", () => {
    const swarm = snapshotOf(threeManagers, { x: several, y: on("n1"), z: on("n3") })
    expect(planNow(swarm, now, 0).moves).toHaveLength(2)
    const around = planAround(heldBy({ refusals: [refusal] }, swarm), swarm, now)
    expect(around.because).toBeNull()
    expect(["y", "z"]).toContain(first(around.plan).serviceName)
  })
})

describe("a move beside one that is under way", () => {
  const plan = planNow(uneven, now, 0)
  const [moving, next] = plan.moves
  if (moving === undefined || next === undefined) throw new Error("two moves")

  /** The Swarm with the first move begun: its service has another version, and a journal. */
  const begun = (change: (service: Service) => Service = (service) => service, nodes = uneven.nodes) => {
    const journal = new Journal.PinJournal({
      operation: "op",
      task: moving.task,
      from: moving.from,
      to: moving.to,
      startedAtMillis: now,
      deadlineMillis: now + minute,
      changes: []
    })
    const services = uneven.services.map((service) =>
      service.id === moving.service
        ? new Service({ ...service, labels: { ...service.labels, [Journal.journalLabel]: Journal.encode(journal) } })
        : change(service)
    )
    return new Snapshot({
      ...uneven,
      nodes,
      services,
      tasks: uneven.tasks,
      networks: [],
      readBy: n("n1"),
      readAtMillis: now
    })
  }
  const beside = (snapshot: Snapshot, input: StateInput = {}) => {
    const held = heldBy({ ...input, settings: { movesAtOnce: 2, ...input.settings } }, snapshot)
    return Alongside.next(plan, [next], held, snapshot)
  }

  it("is the plan's next one", () => {
    expect(beside(begun())).toBe(next)
  })
  it.each<[string, () => Move | null]>([
    ["only one at once is allowed", () => beside(begun(), { settings: { movesAtOnce: 1 } })],
    ["none is under way: a new plan is made", () => beside(uneven)],
    [
      "its service was written since",
      () => beside(begun((service) => new Service({ ...service, version: uneven.raftIndex })))
    ],
    [
      "its service is paused",
      () => {
        const pause = { service: next.service, serviceName: "", because: "", by: "", sinceMillis: 0, untilMillis: null }
        return beside(begun(), { policy: { ...Policy.none, pauses: [pause] } })
      }
    ],
    [
      "something is left of a third move",
      () =>
        beside(
          begun((service) =>
            service.id === next.service
              ? service
              : new Service({ ...service, labels: { ...service.labels, [Journal.journalLabel]: "?" } })
          )
        )
    ]
  ])("is none where %s", (_, answer) => {
    expect(answer()).toBeNull()
  })
  it("is none for the service that is moving", () => {
    const snapshot = begun()
    const held = heldBy({ settings: { movesAtOnce: 2 } }, snapshot)
    expect(Alongside.next(plan, [{ ...next, service: moving.service } as Move], held, snapshot)).toBeNull()
  })
})
