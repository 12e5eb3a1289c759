/**
 * SIGHUP as it is used of old: read files anew that may have changed, open logs anew that may have been renamed. While the
 * scope lives the signal does not end the process.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** Runs `take` at every SIGHUP, one after another, until the scope closes. */
export const follow = (take: Effect.Effect<void>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const wake = yield* Effect.makeLatch()
    const onSignal = () => void wake.unsafeOpen()
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("SIGHUP", onSignal)),
      () => Effect.sync(() => process.off("SIGHUP", onSignal))
    )
    const once = Effect.zipRight(Effect.zipRight(wake.await, wake.close), take)
    yield* Effect.forkScoped(Effect.forever(once))
  })
