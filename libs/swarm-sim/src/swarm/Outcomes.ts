/** Answers to commands, with the engine's texts: what gRPC said, and its own words where it looked for an object itself. */
import type { CommandFailure, Outcome } from "./SwarmPort.ts"

export const succeed = <A>(value: A): { readonly ok: true; readonly value: A } => ({ ok: true, value })

type Failed = { readonly ok: false; readonly failure: CommandFailure }

const fail =
  (tag: CommandFailure["_tag"], code: string) =>
  (message: string): Failed => ({
    ok: false,
    failure: { _tag: tag, message: `rpc error: code = ${code} desc = ${message}` }
  })

export const invalidArgument = fail("InvalidArgument", "InvalidArgument")
export const failedPrecondition = fail("FailedPrecondition", "FailedPrecondition")
export const alreadyExists = fail("Conflict", "AlreadyExists")
export const unimplemented = fail("Unimplemented", "Unimplemented")
export const unknown = fail("Unknown", "Unknown")

/** The version that a client wrote is not the present one. */
export const outOfSequence: Failed = fail("OutOfSequence", "Unknown")("update out of sequence")

/** In the engine's own words, without gRPC's. */
export const plain = (tag: CommandFailure["_tag"], message: string): Failed => ({
  ok: false,
  failure: { _tag: tag, message }
})

export const notFound = (kind: string, id: string): Failed => plain("NotFound", `${kind} ${id} not found`)

/** The first failure; null when there is none. */
export const firstFailure = (...checks: ReadonlyArray<() => Outcome<null> | null>): Outcome<null> | null => {
  for (const check of checks) {
    const outcome = check()
    if (outcome !== null && !outcome.ok) return outcome
  }
  return null
}
