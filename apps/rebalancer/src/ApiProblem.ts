/** The API's errors: a document that names what failed, on which object, and what to try. */
import * as AdminServer from "@evenkeel/observability/AdminServer"

export const apiVersion = "evenkeel/v1"

/** `error`: one word for programs. `message`: what and why. `cure`: what to try. */
export const problem = (status: number, error: string, message: string, cure: string): AdminServer.AdminResponse =>
  AdminServer.json(status, { apiVersion, kind: "Problem", error, message, cure })

const words: Readonly<Record<number, string>> = {
  404: "NotFound",
  405: "MethodNotAllowed",
  413: "BodyTooLong",
  500: "InternalError"
}

/** What the server itself answers, in the place of a route. */
export const ofServer = (status: number, message: string): AdminServer.AdminResponse =>
  problem(status, words[status] ?? "BadRequest", message, status === 500 ? "see the log" : "see docs")

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
