/**
 * How a request ended, and what that counts as. *Lost* is a promise broken: a request that a router may repeat on another node
 * (GET, HEAD, PUT, DELETE, OPTIONS with a body of at most 64 KiB) came to nothing although no byte of a response had been
 * received. An answer that says so itself (an unexpected status, 5xx from the router included) or whose body is wrong is no
 * useful response, and counts as none. Pure.
 */

/**
 * - `ok`: the expected status, and a body of the right length and hash;
 * - `wrong-body`: a whole answer that is not the right one;
 * - `error-status`: an answer with another status than expected;
 * - `no-response`: the connection was refused, reset or closed before any byte of the response;
 * - `cut`: it ended in the middle of the response;
 * - `timed-out`: no whole answer in time.
 */
export type Outcome = "ok" | "wrong-body" | "error-status" | "no-response" | "cut" | "timed-out"

export const outcomes: ReadonlyArray<Outcome> = ["ok", "wrong-body", "error-status", "no-response", "cut", "timed-out"]

/**
 * - `lost`: see above;
 * - `failed-apart`: failed, but nobody promised otherwise (POST, large uploads, an answer cut half-way);
 * - `on-dead-node`: failed on a connection to a target that was dead at some time while the request was under way.
 */
export type Fate = "ok" | "lost" | "failed-apart" | "on-dead-node"

/** The largest body a router keeps for a second try, in bytes. */
export const replayableBytes = 64 * 1024

const replayableMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])

export interface Ended {
  readonly method: string
  readonly bodyBytes: number
  readonly outcome: Outcome
  /** Whether any byte of a response was received. */
  readonly answered: boolean
  /** Whether the target it was sent to was dead at some time while it was under way. */
  readonly targetDied: boolean
}

/** What a request that ended so counts as. */
export const fateOf = ({ answered, bodyBytes, method, outcome, targetDied }: Ended): Fate => {
  if (outcome === "ok") return "ok"
  if (targetDied) return "on-dead-node"
  if (!replayableMethods.has(method) || bodyBytes > replayableBytes) return "failed-apart"
  if (outcome === "cut" || (outcome === "timed-out" && answered)) return "failed-apart"
  return "lost"
}
