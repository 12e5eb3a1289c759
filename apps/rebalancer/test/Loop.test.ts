import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/TestClock"
import { describe, expect } from "vitest"
import { layerTest, SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Loop from "../src/Loop.ts"
import * as World from "./World.ts"

/** Long after the services were made. */
const now = Date.parse("2026-06-01T00:00:00Z")

const begin = Effect.gen(function* () {
  yield* TestClock.setTime(now)
  const world = yield* World.make
  return { world, specs: (yield* world.texts).map(({ spec }) => spec) }
})

/** Lets Swarm and the loop go on until the condition holds; 100 steps are 20 s of their time. */
const until = <E, R>(world: World.World, holds: Effect.Effect<boolean, E, R>) =>
  Effect.gen(function* () {
    for (let steps = 0; steps < 100; steps++) {
      if (yield* holds) return
      yield* world.step
    }
    return yield* Effect.dieMessage("the condition did not hold within 100 steps")
  })

/** Balanced, and every spec as its user wrote it, also the one that a rollback would bring back. */
const isClean = (world: World.World, specs: ReadonlyArray<string>) =>
  Effect.map(Effect.all([world.placement, world.texts]), ([placement, texts]) => {
    const even = new Set(Object.values(placement)).size === 2
    return even && texts.every(({ spec, previous }, i) => spec === specs[i] && (previous ?? spec) === specs[i])
  })

const provided = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, layerTest(World.swarm))

describe("the loop", () => {
  it.scoped("moves one task, restarts nothing else, and leaves no trace", () =>
    provided(
      Effect.gen(function* () {
        const { world, specs } = yield* begin
        const parts = yield* World.freshParts
        yield* Effect.forkScoped(Loop.run(parts))
        yield* until(world, isClean(world, specs))
        for (let steps = 0; steps < 20; steps++) yield* world.step
        expect(yield* isClean(world, specs)).toBe(true)
        expect(yield* world.tasksStarted).toBe(1)
        expect(yield* world.writes).toBe(3)
        expect((yield* Ref.get(parts.state)).endedMoves).toMatchObject([
          { outcome: "completed", strategy: "pin", to: "n2" }
        ])
      })
    )
  )

  it.scoped("publishes every reading, the first at once", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const parts = yield* World.freshParts
        yield* Effect.forkScoped(Loop.run(parts))
        yield* world.step
        expect((yield* SubscriptionRef.get(parts.published))?.quorum).toBe(true)
      })
    )
  )
})

describe("the process dies without a word", () => {
  const writes = [1, 2, 3]
  for (const after of writes)
    it.scoped(`after write ${after} of ${writes.length}: its successor ends the move, and no second task starts`, () =>
      provided(
        Effect.gen(function* () {
          const { world, specs } = yield* begin
          const first = yield* Effect.fork(Loop.run(yield* World.freshParts))
          yield* until(
            world,
            Effect.map(world.writes, (done) => done >= after)
          )
          yield* Fiber.interrupt(first)
          yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
          yield* until(world, isClean(world, specs))
          expect(yield* world.tasksStarted).toBe(1)
          expect(yield* world.writes).toBe(3)
        })
      )
    )

  for (const lost of writes)
    it.scoped(`the answer to write ${lost} is lost: what was done is seen and not done again`, () =>
      provided(
        Effect.gen(function* () {
          const { world, specs } = yield* begin
          const control = yield* SwarmClientTestControl
          yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
          yield* until(
            world,
            Effect.map(world.writes, (done) => done >= lost - 1)
          )
          yield* control.fail({ kind: "unreachable" }, { path: "/services/a/update", afterEffect: true })
          yield* control.fail({ kind: "unreachable" }, { path: "/services/b/update", afterEffect: true })
          yield* until(world, isClean(world, specs))
          expect(yield* world.tasksStarted).toBe(1)
        })
      )
    )
})

describe("the process is asked to stop in the middle of a move", () => {
  it.scoped("gives the user's spec back before it goes", () =>
    provided(
      Effect.gen(function* () {
        const { world, specs } = yield* begin
        const parts = yield* World.freshParts
        const loop = yield* Effect.fork(Loop.run(parts))
        yield* until(
          world,
          Effect.map(world.writes, (done) => done === 1)
        )
        yield* Fiber.interrupt(loop)
        yield* Loop.finish(parts)
        const texts = yield* world.texts
        expect(texts.map(({ spec }) => spec)).toEqual(specs)
        expect(texts.every(({ previous }, i) => (previous ?? specs[i]) === specs[i])).toBe(true)
      })
    )
  )
})

describe("two instances believe that they lead", () => {
  it.scoped("and one move is made all the same", () =>
    provided(
      Effect.gen(function* () {
        const { world, specs } = yield* begin
        yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
        yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
        yield* until(world, isClean(world, specs))
        for (let steps = 0; steps < 20; steps++) yield* world.step
        expect(yield* isClean(world, specs)).toBe(true)
        expect(yield* world.tasksStarted).toBe(1)
      })
    )
  )
})
