/** What a client is told when its request fails: the status, and one line that names the service and the cure. */
import type { FailureReason } from "./ProxyStats.ts"

export interface FailureText {
  readonly status: number
  readonly message: string
  /** 0: no Retry-After. */
  readonly retryAfterSeconds: number
}

/** `target`: the service's or group's name; `holdMillis`: how long its requests may wait. */
export const explainFailure = (reason: FailureReason, target: string, holdMillis: number): FailureText => {
  const of = (status: number, message: string, retryAfterSeconds = 0): FailureText => ({
    status,
    message: `${target}: ${message}`,
    retryAfterSeconds
  })
  switch (reason) {
    case "no-endpoint":
      return of(503, "no task answers. See `docker service ps`; set the label evenkeel.hold to let requests wait.", 1)
    case "hold-expired":
      return of(
        503,
        `no task answered within ${Math.round(holdMillis / 1_000)} s (evenkeel.hold). See \`docker service ps\`.`,
        1
      )
    case "hold-full":
      return of(503, "no task answers, and too many requests are waiting for one already. Try again later.", 1)
    case "overload":
      return of(503, "too many of its requests are under way in this router. Try again later.", 1)
    case "connect":
      return of(502, "the connection to its task was refused. Does it listen on evenkeel.port?")
    case "connect-timeout":
      return of(504, "no connection to its task in time. Is its node up, and does the task listen on evenkeel.port?")
    case "upstream-tls":
      return of(
        502,
        "TLS with its task failed (evenkeel.scheme=https): it speaks none, or its certificate does not hold (evenkeel.verify)."
      )
    case "first-byte-timeout":
      return of(504, "its task did not begin to answer in time. A longer time is set by evenkeel.timeout.")
    case "deadline":
      return of(
        504,
        "it was not answered within the time that the request has (evenkeel.timeout total, or the caller's own)."
      )
    case "reset":
      return of(502, "its task closed the connection without an answer. Sent again it might have been done twice.")
    case "node-suspect":
      return of(502, "its node stopped answering while the request was under way. It may or may not have been done.")
    case "bad-response":
      return of(502, "its task sent something that is not a valid HTTP/1.1 response.")
    default:
      return of(502, "the request was cut off.")
  }
}
