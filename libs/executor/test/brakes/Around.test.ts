import { describe, expect, it } from "vitest"

import * as Journal from "@evenkeel/domain/MoveJournal"
import type { Move, Plan } from "@evenkeel/domain/Plan"
import { Service } from "@evenkeel/domain/Service"
import { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Alongside from "../../src/brakes/Alongside.ts"
import { planAround } from "../../src/brakes/Around.ts"
import type { Refusal } from "../../src/brakes/Brake.ts"
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
    const refusal: Refusal = { service, serviceName, reason: "said not now", untilMillis: now + minute }
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

describe("while a service is held for a while", () => {
  const refusal: Refusal = { service: s("x"), serviceName: "x", reason: "said not now", untilMillis: now + minute }
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
