/** What a move begins for, and what it waits for: observed placement alone, never an event. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { describe, expect } from "vitest"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClientTestControl, type TestSwarm } from "@evenkeel/swarm-client/SwarmClientTest"
import { wireNode, wireService, wireTask } from "@evenkeel/swarm-client/TestWire"
import * as Loop from "../src/Loop.ts"
import { begin, isClean, provided, steps, until } from "./Running.ts"
import * as World from "./World.ts"

const setState = (node: string, state: string) =>
  Effect.flatMap(SwarmClientTestControl, ({ patch }) =>
    patch("nodes", node, [{ path: ["Status", "State"], value: `"${state}"` }])
  )

const run = Effect.gen(function* () {
  const parts = yield* World.freshParts
  yield* Effect.forkScoped(Loop.run(parts))
  return parts
})

const nodeWrites = Effect.flatMap(SwarmClientTestControl, ({ requests }) =>
  Effect.map(requests, (all) => all.filter(({ method, path }) => method !== "GET" && path.includes("/nodes/")).length)
)

describe("unevenness without any event", () => {
  it.scoped("is found and mended", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        yield* run
        yield* until(world, isClean(world, specs))
      })
    )
  )
})

describe("a change of the raft leader", () => {
  it.scoped("is no loss and no recovery: all nodes unknown, then ready, again and again", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const parts = yield* run
        for (let elections = 0; elections < 4; elections++) {
          yield* Effect.forEach(["n1", "n2"], (node) => setState(node, "unknown"))
          yield* steps(world, 2)
          yield* Effect.forEach(["n1", "n2"], (node) => setState(node, "ready"))
          yield* steps(world, 2)
        }
        expect(yield* world.writes).toBe(0)
        expect((yield* Ref.get(parts.losses)).lostAtMillis.size).toBe(0)
        expect((yield* PolicyStore.policy.read()).revision).toBe(0)
        yield* until(world, isClean(world, specs))
      })
    )
  )

  it.scoped("ends what this instance does, and what it knows of the history", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const control = yield* SwarmClientTestControl
        const lead = (node: string, leads: boolean) =>
          control.patch("nodes", node, [{ path: ["ManagerStatus", "Leader"], value: String(leads) }])
        yield* lead("n1", false)
        yield* lead("n2", true)
        const parts = yield* run
        yield* steps(world, 30)
        expect(yield* world.writes).toBe(0)
        expect((yield* Ref.get(parts.state)).decision).toEqual({
          _tag: "Idle",
          because: "another manager leads the Swarm"
        })
      })
    )
  )
})

describe("a node that an operator has drained", () => {
  it.scoped("stays drained, and gets no task", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const control = yield* SwarmClientTestControl
        yield* control.patch("nodes", "n2", [{ path: ["Spec", "Availability"], value: '"drain"' }])
        yield* run
        yield* steps(world, 50)
        expect(yield* world.writes).toBe(0)
        expect(yield* nodeWrites).toBe(0)
        expect(yield* control.textOf("nodes", "n2")).toContain('"Availability":"drain"')
      })
    )
  )
})

/** Two services on n1; the world's step leaves both alone. */
const swarmWith = (services: TestSwarm["services"], tasks: TestSwarm["tasks"]): TestSwarm => ({
  nodes: [wireNode({ id: "n1", leader: true }), wireNode({ id: "n2" })],
  services: services ?? [],
  tasks: tasks ?? []
})

const group = { "evenkeel.group": "g" }
const both = ["a", "b"].map((id) => wireTask({ id: `${id}1`, service: id, node: "n1" }))

describe("what others are doing", () => {
  const cases: ReadonlyArray<readonly [string, TestSwarm]> = [
    ...["updating", "paused", "rollback_started", "rollback_paused"].map(
      (updateState) =>
        [
          `a rollout that is ${updateState}`,
          swarmWith(
            ["a", "b"].map((id) => wireService({ id, labels: group, updateState })),
            both
          )
        ] as const
    ),
    [
      "a scale-up whose tasks do not run yet",
      swarmWith(
        [wireService({ id: "a", replicas: 3 })],
        [1, 2, 3].map((slot) =>
          wireTask({ id: `a${slot}`, service: "a", node: "n1", slot, state: slot === 3 ? "starting" : "running" })
        )
      )
    ],
    [
      "a scale-down whose tasks still run",
      swarmWith(
        [wireService({ id: "a", replicas: 2 })],
        [1, 2, 3].map((slot) => wireTask({ id: `a${slot}`, service: "a", node: "n1", slot }))
      )
    ]
  ]
  for (const [what, swarm] of cases)
    it.scoped(`${what}: is waited for`, () =>
      provided(
        Effect.gen(function* () {
          const { world } = yield* begin
          const parts = yield* run
          yield* steps(world, 40)
          expect(yield* world.writes).toBe(0)
          const { decision, plan } = yield* Ref.get(parts.state)
          expect(decision._tag).toBe("Idle")
          expect(
            plan?.kept.map(({ reason }) => reason._tag).every((tag) => /UpdateInProgress|NotSettled/.test(tag))
          ).toBe(true)
        }),
        swarm
      )
    )
})
