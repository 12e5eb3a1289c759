import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { type EngineAnswer, EngineConnection, type EngineRequest } from "../src/EngineConnection.ts"
import * as EngineCalls from "../src/EngineCalls.ts"

const answer = (text: string): EngineAnswer => ({ status: 200, apiVersion: "1.43", server: null, text })

/** An engine that sends a piece of each answer every `pauseMillis`, `pieces` in all. */
const calls = (pauseMillis: number, pieces: number) =>
  EngineCalls.make().pipe(
    Effect.provideService(
      EngineConnection,
      EngineConnection.of({
        endpoint: "test",
        send: ({ path }: EngineRequest, heard = () => {}) =>
          path.endsWith("/_ping")
            ? Effect.succeed(answer("OK"))
            : Effect.sleep(pauseMillis).pipe(
                Effect.tap(() => Effect.sync(heard)),
                Effect.repeatN(pieces - 1),
                Effect.as(answer("[]"))
              ),
        open: () => Effect.never
      })
    )
  )

const listing = { operation: "list tasks", method: "GET", path: "/tasks" } as const

const asked = (pauseMillis: number, pieces: number) =>
  Effect.gen(function* () {
    const { text } = yield* calls(pauseMillis, pieces)
    const call = yield* Effect.fork(
      Effect.all([Effect.merge(text(listing)), Clock.currentTimeMillis], { concurrency: 1 })
    )
    yield* TestClock.adjust("10 minutes")
    return yield* Fiber.join(call)
  })

describe("the time-out of a call", () => {
  it.effect("is one of silence: a long answer that keeps coming is waited for", () =>
    Effect.gen(function* () {
      expect(yield* asked(1_900, 8)).toEqual(["[]", 15_200])
    })
  )

  it.effect("is over when nothing comes for that long, whatever came before", () =>
    Effect.gen(function* () {
      const [error, atMillis] = yield* asked(2_100, 3)
      expect(error).toMatchObject({ _tag: "EngineTimedOut", operation: "list tasks", timeoutMillis: 2_000 })
      expect(atMillis).toBe(2_000)
    })
  )

  it.effect("holds for a caller that may not be interrupted, and costs it nothing", () =>
    Effect.gen(function* () {
      expect(yield* Effect.uninterruptible(asked(100, 1))).toEqual(["[]", 100])
      const { text } = yield* calls(600_000, 1)
      const call = yield* Effect.fork(Effect.uninterruptible(Effect.flip(text(listing))))
      yield* TestClock.adjust("2 seconds")
      expect(yield* Fiber.join(call)).toMatchObject({ _tag: "EngineTimedOut" })
    })
  )

  it.effect("is fifteen times as long for all of an answer that never ends", () =>
    Effect.gen(function* () {
      const [error, atMillis] = yield* asked(500, 10_000)
      expect(error).toMatchObject({ _tag: "EngineTimedOut", timeoutMillis: 30_000 })
      expect(atMillis).toBe(30_000)
    })
  )
})
