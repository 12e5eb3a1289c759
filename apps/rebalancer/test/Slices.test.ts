import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { expect, it } from "@effect/vitest"
import type { Pausable } from "@evenkeel/domain/Pausable"
import * as Slices from "../src/Slices.ts"

/** Each look at it is a millisecond later. */
const tickingClock = (): Clock.Clock => {
  let nanos = 0n
  return Object.assign(Clock.make(), { unsafeCurrentTimeNanos: () => (nanos += 1_000_000n) })
}

function* pauses(count: number): Pausable<string> {
  for (let i = 0; i < count; i++) yield
  return "done"
}

it.live("lets whatever waits for the event loop go between two slices", () =>
  Effect.gen(function* () {
    let turns = 0
    let waiting = setImmediate(function again() {
      turns++
      waiting = setImmediate(again)
    })
    const { value } = yield* Slices.run(pauses(200)).pipe(Effect.withClock(tickingClock()))
    clearImmediate(waiting)
    expect(value).toBe("done")
    // With a look at the clock for each pause, ten of them are a slice.
    expect(turns).toBeGreaterThanOrEqual(15)
    expect(turns).toBeLessThanOrEqual(25)
  })
)

it.live("goes no further when it is interrupted", () =>
  Effect.gen(function* () {
    let begun = 0
    function* endless(): Pausable<never> {
      for (;;) {
        begun++
        yield
      }
    }
    const fiber = yield* Effect.fork(Slices.run(endless()).pipe(Effect.withClock(tickingClock())))
    yield* Effect.repeat(
      Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
      {
        until: () => begun > 30
      }
    )
    expect(Exit.isInterrupted(yield* Fiber.interrupt(fiber))).toBe(true)
    const until = begun
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    expect(begun).toBe(until)
  })
)
