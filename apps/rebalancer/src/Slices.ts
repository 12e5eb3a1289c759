/** Runs long work on the process's one thread without keeping everybody else from it. */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Pausable } from "@evenkeel/domain/Pausable"

/** For so long the work goes on before others have their turn. */
const sliceMillis = 10

export interface Done<A> {
  readonly value: A
  /** How long the work itself took; of a busy machine's time only what the processor spent on this process. */
  readonly busyMillis: number
}

/** Ends with the work; interrupted, it goes no further. */
export const run = <A>(work: Pausable<A>): Effect.Effect<Done<A>> =>
  Effect.gen(function* () {
    const clock = yield* Effect.clock
    let busyMillis = 0
    for (;;) {
      const { result, tookMillis } = oneSlice(work, clock)
      busyMillis += tookMillis
      if (result.done === true) return { value: result.value, busyMillis }
      yield* turnOfOthers
    }
  })

const oneSlice = <A>(work: Pausable<A>, clock: Clock.Clock) => {
  const cpuBefore = process.cpuUsage()
  const begin = clock.unsafeCurrentTimeNanos()
  const sinceBegin = () => Number(clock.unsafeCurrentTimeNanos() - begin) / 1e6
  let result = work.next()
  while (result.done !== true && sinceBegin() < sliceMillis) result = work.next()
  const { system, user } = process.cpuUsage(cpuBefore)
  return { result, tookMillis: Math.min(sinceBegin(), (user + system) / 1_000) }
}

/** All that waits for the event loop, sockets too: `Effect.yieldNow` would let no more than other fibers go first. */
const turnOfOthers = Effect.async<void>((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})
