/** A fiber of its own for what ends an interrupted effect. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/** What ends an interrupted effect reads, waits and times out itself: that needs a fiber that is not being interrupted. */
export const inOwnFiber = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.forkDaemon(Effect.interruptible(effect)), Fiber.join)
