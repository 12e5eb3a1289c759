/**
 * A call that the engine refuses: HTTP status and the engine's own words. Thrown by routes, caught once by the endpoint, which
 * answers with it. Decides which status a refusal of the Swarm has (moby `daemon/server/httpstatus/status.go`).
 */
import type { CommandFailure, Outcome } from "../swarm/SwarmPort.ts"

/** Represents an answer of 400 or more. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal"
  readonly status: number
  /** What engines before 23.0 (API 1.42) say instead. */
  readonly formerly: string

  constructor(status: number, message: string, formerly: string = message) {
    super(message)
    this.status = status
    this.formerly = formerly
  }
}

const statusOf: Readonly<Record<CommandFailure["_tag"], number>> = {
  NotFound: 404,
  Conflict: 409,
  OutOfSequence: 500,
  InvalidArgument: 400,
  FailedPrecondition: 400,
  Unimplemented: 501,
  Unknown: 500
}

/** The value of a command that was carried out. Throws EngineRefusal for one that was not. */
export const accepted = <A>(outcome: Outcome<A>): A => {
  if (outcome.ok) return outcome.value
  throw new EngineRefusal(statusOf[outcome.failure._tag], outcome.failure.message)
}

/** A body that cannot be read; `reason` in Go's words. */
export const invalidJson = (reason: string): EngineRefusal => new EngineRefusal(400, `invalid JSON: ${reason}`, reason)

export const badRequest = (message: string): EngineRefusal => new EngineRefusal(400, message)

/** `kind` as the engine writes it: `service`, `node`, … */
export const notFound = (kind: string, input: string): EngineRefusal =>
  new EngineRefusal(404, `${kind} ${input} not found`)

/** moby `daemon/cluster/errors.go`. */
export const notAManager = (): EngineRefusal =>
  new EngineRefusal(
    503,
    "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager."
  )

/** swarmkit `manager/state/raft`: what a manager answers while nobody leads. */
export const noLeader = (): EngineRefusal =>
  new EngineRefusal(
    500,
    "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online."
  )
