/**
 * The outermost frame of a service. SIGTERM or SIGINT interrupts the program, whose scopes then close in order; exit code 0
 * when that went well, 1 after a failure. A second signal ends the process at once. Failures are logged, their message first.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"

const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const failure = Cause.squash(cause)
  return failure instanceof Error ? failure.message : String(failure)
}

/** Runs `program` as the process's main program, with `logging` (see `Logging.layer`) in place from the first line on. */
export const run = <A, E>(program: Effect.Effect<A, E>, logging: Layer.Layer<never>): void => {
  const reported = Effect.tapErrorCause(program, (cause) => {
    if (Cause.isInterruptedOnly(cause)) return Effect.void
    return Cause.isFailure(cause) && !Cause.isDie(cause)
      ? Effect.logError(reasonOf(cause))
      : Effect.logError(reasonOf(cause), cause)
  })
  NodeRuntime.runMain(Effect.provide(reported, logging), { disableErrorReporting: true, disablePrettyLogger: true })
}
