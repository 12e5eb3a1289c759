/** The API's errors: a document that names what failed, on which object, and what to try. */
import * as AdminServer from "@evenkeel/observability/AdminServer"

export const apiVersion = "evenkeel/v1"

/** `error`: one word for programs. `message`: what and why. `cure`: what to try. */
export const problem = (status: number, error: string, message: string, cure: string): AdminServer.AdminResponse =>
  AdminServer.json(status, { apiVersion, kind: "Problem", error, message, cure })

/** What no route takes. */
export const unrouted = (status: number, message: string): AdminServer.AdminResponse =>
  problem(status, status === 405 ? "MethodNotAllowed" : status === 404 ? "NotFound" : "BadRequest", message, "see docs")

const statuses: Readonly<Record<string, number>> = {
  DocumentContended: 409,
  DocumentTooLarge: 413,
  DocumentUnreadable: 500,
  EngineUnreachable: 503,
  EngineTimedOut: 503,
  SwarmHasNoLeader: 503,
  NotAManager: 503,
  EngineRejected: 502,
  EngineAnswerMalformed: 502
}

/** An error of the engine or of the documents in it. */
export const ofError = (error: { readonly _tag: string; readonly message: string }): AdminServer.AdminResponse => {
  const status = statuses[error._tag] ?? 500
  const cure = status === 503 ? "try again in some seconds" : "see the message"
  return problem(status, error._tag, error.message, cure)
}
