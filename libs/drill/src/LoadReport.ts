/** What the load measured, as plain JSON. Times are milliseconds; instants are milliseconds since the epoch. */
import type { RequestKind, StreamKind } from "./LoadPlan.ts"
import type { Fate, Outcome } from "./Outcome.ts"
import type { StreamReport } from "./StreamTally.ts"

/** Counts of requests; `sent` is the sum of `ok`, `lost`, `failedApart`, `onDeadNode` and `underWay`. */
export interface RequestCounts {
  readonly sent: number
  readonly underWay: number
  readonly ok: number
  readonly lost: number
  readonly failedApart: number
  readonly onDeadNode: number
  /** Meant to be sent, but the generator was at its limit or had no target; in none of the other counts. */
  readonly notSent: number
  /** The router tried more than once (`Evenkeel-Tries`). */
  readonly retried: number
  /** The router held it for want of a task (`Evenkeel-Held-Ms`). */
  readonly held: number
}

/** Latency counts from the intended send to the end, of all that ended but those on dead nodes. */
export interface KindReport extends RequestCounts {
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
}

export interface ServiceReport {
  readonly sent: number
  readonly ok: number
  readonly lost: number
  readonly held: number
  /** From the intended send to the first byte, or to the failure; those on dead nodes left out. */
  readonly longestWaitMs: number
  readonly longestHeldMs: number
}

export interface LagReport {
  /** How much later than intended the generator itself sent. */
  readonly p99Ms: number
  readonly maxMs: number
}

export interface PhaseReport {
  readonly name: string
  readonly startedAt: number
  readonly durationMs: number
  /** A request belongs to the phase in which it was sent, however late it ends. */
  readonly total: KindReport
  readonly kinds: Readonly<Partial<Record<RequestKind, KindReport>>>
  /** By the service asked for: the host, or the callee of a call; groups under their own name. */
  readonly services: Readonly<Record<string, ServiceReport>>
  readonly streams: Readonly<Partial<Record<StreamKind, StreamReport>>>
  readonly schedulerLag: LagReport
}

export interface Failure {
  readonly at: number
  readonly phase: string
  readonly kind: RequestKind | StreamKind
  readonly target: string
  readonly service: string
  readonly method: string
  readonly path: string
  readonly bodyBytes: number
  readonly fate: Fate | "stream"
  readonly outcome: Outcome | "broken" | "refused"
  readonly status?: number
  /** The router's `Evenkeel-Reason`. */
  readonly reason?: string
  readonly detail: string
  /** From the intended send to the failure. */
  readonly afterMs: number
  readonly tries: number
  /** The node of the task that answered, where one did. */
  readonly node?: string
}

export interface LoadReport {
  readonly startedAt: number
  readonly durationMs: number
  readonly phases: ReadonlyArray<PhaseReport>
  readonly total: KindReport
  readonly schedulerLag: LagReport
  /** The first failures one by one, at most `failuresKeptOfEachFate` of each fate: 1,000 in all. */
  readonly failures: ReadonlyArray<Failure>
  readonly failuresLeftOut: number
}

/** How many failures are kept one by one of each fate: streams that are refused for long must not crowd out what is lost. */
export const failuresKeptOfEachFate = 250
