import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { describe, expect } from "vitest"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Loop from "../src/Loop.ts"
import { begin, isClean, provided, until } from "./Running.ts"
import * as World from "./World.ts"

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
        const { moves } = (yield* PolicyStore.history.read()).value
        expect(moves).toMatchObject([{ outcome: "completed", strategy: "pin", fromName: "n1", toName: "n2" }])
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
