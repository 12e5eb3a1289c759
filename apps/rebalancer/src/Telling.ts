/**
 * The rebalancer's own log lines. Each is of one event, whose word is in the field `event`, for programs that read the log; the
 * words and what they mean are in one table, from which the documentation is checked. Nothing else in this program logs.
 */
import * as Effect from "effect/Effect"

export const events = {
  started: "the process knows its node and begins",
  "start-failed": "the engine does not answer yet, or is no manager",
  decision: "what is decided has changed; `decision`, `brakes`",
  "move.begun": "`operation`, `service`, `strategy`, `order`, `task`, `from`, `to`, `reason`",
  "move.completed": "`operation`, `service`; `recovered` where another process began it",
  "move.undone": "the same",
  "move.withdrawn": "a move is given up, its new task first; `operation`, `service`",
  "move.settled": "nothing is left of a move; `service`",
  "step-failed": "a step was refused or overtaken; told again when it fails otherwise",
  "node.quarantined": "`node`, `level`",
  policy: "another revision of the policy holds",
  approval: "an approved plan is done, or a move of it has failed",
  "reading-failed": "the Swarm cannot be read",
  "policy-failed": "the policy cannot be read or written",
  "history-failed": "the history cannot be read or written",
  "consent-failed": "the consent hook cannot be reached",
  "notification-failed": "webhook notifications are given up",
  "feed-certificate": "the certificate ends soon, or has ended; `subject`, `ends`",
  stopping: "what was left when the process was asked to stop",
  fault: "a fault of this program, with `cause`"
} as const
export type Event = keyof typeof events

type About = Readonly<Record<string, unknown>>

const line =
  (log: (...message: ReadonlyArray<unknown>) => Effect.Effect<void>) =>
  (event: Event, message: string, about: About = {}): Effect.Effect<void> =>
    Effect.annotateLogs(log(message), { event, ...about })

/** As it should be. `about`: further fields of the line. */
export const info = line(Effect.logInfo)

/** Somebody should look at it. */
export const warning = line(Effect.logWarning)

/** `fault` is what was thrown. */
export const error = (event: Event, message: string, fault: unknown): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logError(message, fault), { event })
