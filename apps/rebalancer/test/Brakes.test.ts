import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import type { Move } from "@evenkeel/domain/Plan"
import type { Refusal } from "@evenkeel/executor/brakes/Brake"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Loop from "../src/Loop.ts"
import type { LoopParts } from "../src/LoopParts.ts"
import * as PolicyWatch from "../src/PolicyWatch.ts"
import { begin, isClean, now, provided, steps, until, untilBegun } from "./Running.ts"
import * as World from "./World.ts"

const pauseAll: Policy.Pause = {
  service: null,
  serviceName: null,
  because: "",
  by: "ann",
  sinceMillis: now,
  untilMillis: null
}

const because = (parts: LoopParts) =>
  Effect.map(Ref.get(parts.state), ({ decision }) => ("because" in decision ? decision.because : decision._tag))

const pausedBy = (parts: LoopParts) => PolicyWatch.change(parts.policy, (p) => Policy.paused(p, pauseAll, now))

describe("a pause", () => {
  it.scoped("set through one instance holds on another within two seconds, and ends as soon", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const [one, other] = [yield* World.freshParts, yield* World.freshParts]
        yield* Effect.forkScoped(Loop.run(one))
        yield* pausedBy(other)
        yield* steps(world, 10)
        expect((yield* Ref.get(one.policy)).held.value.pauses).toHaveLength(1)
        expect(yield* because(one)).toBe("all moves are paused by ann")
        yield* PolicyWatch.change(other.policy, (p) => Policy.resumed(p, null, now))
        yield* steps(world, 10)
        expect((yield* Ref.get(one.policy)).held.value.pauses).toEqual([])
        yield* untilBegun(world)
      })
    )
  )

  it.scoped("set a moment before a move would begin, and not seen yet, still stops it", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const parts = yield* World.partsWith({ settings: { stabilisationMillis: 1_600 } })
        yield* Effect.forkScoped(Loop.run(parts))
        // The policy is read at 0, 1 and 2 s; the nodes have been calm for long enough at 1.6 s.
        yield* steps(world, 7)
        expect((yield* Ref.get(parts.policy)).held.value.pauses).toEqual([])
        yield* PolicyStore.policy.change((p) => Policy.paused(p, pauseAll, now))
        yield* steps(world, 50)
        expect(yield* world.writes).toBe(0)
      })
    )
  )

  it.scoped("set while the consent hook is asked stops the move that it consents to", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const asked = yield* Ref.make(0)
        const ask = () =>
          Ref.update(asked, (count) => count + 1).pipe(
            Effect.zipRight(Effect.orDie(PolicyStore.policy.change((p) => Policy.paused(p, pauseAll, now)))),
            Effect.as(null),
            Effect.provide(engine)
          )
        const engine = yield* Effect.context<SwarmClient>()
        const parts = yield* World.partsWith({ consent: { ask } })
        yield* Effect.forkScoped(Loop.run(parts))
        yield* steps(world, 30)
        expect([yield* Ref.get(asked), yield* world.writes]).toEqual([1, 0])
        expect(yield* because(parts)).toBe("all moves are paused by ann")
      })
    )
  )

  it.scoped("is not lost where an older answer comes after it", () =>
    provided(
      Effect.gen(function* () {
        yield* begin
        const client = yield* SwarmClient
        const { policy } = yield* World.freshParts
        yield* PolicyWatch.refresh(policy)
        const released = yield* Deferred.make<void>()
        // It reads at once, and the answer is long on its way.
        const slow: typeof client = {
          ...client,
          listConfigs: (filter) => Effect.zipLeft(client.listConfigs(filter), Deferred.await(released))
        }
        const reading = yield* Effect.fork(Effect.provideService(PolicyWatch.refresh(policy), SwarmClient, slow))
        yield* TestClock.adjust("100 millis")
        const changing = yield* Effect.fork(PolicyWatch.change(policy, (p) => Policy.paused(p, pauseAll, now)))
        yield* TestClock.adjust("100 millis")
        yield* Deferred.succeed(released, undefined)
        yield* Effect.all([Fiber.join(reading), Fiber.join(changing)])
        expect((yield* Ref.get(policy)).held.value.pauses).toEqual([pauseAll])
      })
    )
  )

  it.scoped("survives the process and the leader", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const first = yield* World.freshParts
        const running = yield* Effect.fork(Loop.run(first))
        yield* pausedBy(first)
        yield* Fiber.interrupt(running)
        const next = yield* World.freshParts
        yield* Effect.forkScoped(Loop.run(next))
        yield* steps(world, 50)
        expect(yield* world.writes).toBe(0)
        expect(yield* because(next)).toBe("all moves are paused by ann")
      })
    )
  )

  it.scoped("lets a move that is under way come to its end", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const parts = yield* World.freshParts
        yield* Effect.forkScoped(Loop.run(parts))
        yield* untilBegun(world)
        yield* pausedBy(parts)
        yield* until(world, isClean(world, specs))
      })
    )
  )

  it.scoped("nothing begins while nobody knows whether there is one", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const control = yield* SwarmClientTestControl
        yield* control.fail(
          { kind: "status", status: 403, message: "not allowed here" },
          { path: "/configs", times: 12 }
        )
        const parts = yield* World.freshParts
        yield* Effect.forkScoped(Loop.run(parts))
        yield* steps(world, 20)
        expect(yield* world.writes).toBe(0)
        expect(yield* because(parts)).toMatch(/^the policy in the Swarm cannot be read: .*not allowed here/)
        yield* until(world, isClean(world, specs))
      })
    )
  )
})

describe("the mode", () => {
  it.scoped("observe moves nothing, and shows the plan", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const parts = yield* World.partsWith({ settings: { mode: "observe" } })
        yield* Effect.forkScoped(Loop.run(parts))
        yield* steps(world, 50)
        expect(yield* world.writes).toBe(0)
        expect((yield* Ref.get(parts.state)).plan?.moves).toHaveLength(1)
      })
    )
  )

  it.scoped("observe, set in the middle of a move, lets it come to its end, and nothing else begins", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const parts = yield* World.freshParts
        yield* Effect.forkScoped(Loop.run(parts))
        yield* untilBegun(world)
        yield* PolicyStore.policy.change((p) => Policy.withSettings(p, { mode: "observe" }))
        yield* until(world, isClean(world, specs))
        yield* steps(world, 20)
        expect([yield* world.writes, yield* world.tasksStarted]).toEqual([3, 1])
        expect(yield* because(parts)).toBe("mode is observe: plans are shown, nothing is moved")
      })
    )
  )

  it.scoped("observe leaves nothing of a move whose beginning was written and not answered", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const control = yield* SwarmClientTestControl
        for (const id of World.services)
          yield* control.fail({ kind: "unreachable" }, { path: `/services/${id}/update`, afterEffect: true })
        yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
        yield* untilBegun(world)
        yield* PolicyStore.policy.change((p) => Policy.withSettings(p, { mode: "observe" }))
        yield* until(world, isClean(world, specs))
      })
    )
  )

  it.scoped("observe leaves alone what somebody else has under way", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const other = yield* Effect.fork(Loop.run(yield* World.freshParts))
        yield* untilBegun(world)
        yield* Fiber.interrupt(other)
        yield* Effect.forkScoped(Loop.run(yield* World.partsWith({ settings: { mode: "observe" } })))
        yield* steps(world, 50)
        expect(yield* world.writes).toBe(1)
      })
    )
  )

  it.scoped("act in the policy goes over observe in the environment", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const parts = yield* World.partsWith({ settings: { mode: "observe" } })
        yield* Effect.forkScoped(Loop.run(parts))
        yield* PolicyStore.policy.change((p) => Policy.withSettings(p, { mode: "act" }))
        yield* until(world, isClean(world, specs))
      })
    )
  )
})

describe("the consent hook", () => {
  it.scoped("is asked for each move, and not now means later", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const asked = yield* Ref.make<ReadonlyArray<Move>>([])
        const refusalOf = (move: Move, at: number): Refusal => ({
          service: move.service,
          serviceName: move.serviceName,
          reason: "the consent hook said not now",
          untilMillis: at + 5_000
        })
        const parts = yield* World.partsWith({
          consent: {
            ask: (move) =>
              Effect.gen(function* () {
                const before = yield* Ref.getAndUpdate(asked, (moves) => [...moves, move])
                return before.length < 2 ? refusalOf(move, yield* TestClock.currentTimeMillis) : null
              })
          }
        })
        yield* Effect.forkScoped(Loop.run(parts))
        // Both services of the group would do: the second is tried when the first may not.
        yield* until(
          world,
          Effect.map(Ref.get(asked), (moves) => moves.length === 2)
        )
        expect(new Set((yield* Ref.get(asked)).map(({ service }) => service)).size).toBe(2)
        yield* steps(world, 10)
        expect(yield* world.writes).toBe(0)
        expect((yield* Ref.get(parts.state)).engaged.map(({ brake }) => brake)).toEqual(["consent", "consent"])
        yield* until(world, isClean(world, specs))
        expect(yield* Ref.get(asked)).toHaveLength(3)
      })
    )
  )
})
