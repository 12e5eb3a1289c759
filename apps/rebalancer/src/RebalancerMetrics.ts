/** The rebalancer's metric handles; they are updated where things happen and rendered by the admin server. */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"

export const prefix = "evenkeel_rebalancer_"

const counter = (name: string, description: string) =>
  Metric.counter(`${prefix}${name}`, { description, incremental: true })

const gauge = (name: string, description: string) => Metric.gauge(`${prefix}${name}`, { description })

/** By strategy (`unknown` where the journal is gone) and result (`begun`, `completed`, `undone`). */
export const moves = counter("moves_total", "Moves by strategy and result.")

/** By result (`read`, `failed`). */
export const readings = counter("readings_total", "Readings of the Swarm by result.")

export const writesFailed = counter(
  "writes_failed_total",
  "Steps of a move that the engine refused or that were overtaken, by error."
)

/** By what was being done (`read`, `policy`, `history`, `write`) and error. */
export const apiErrors = counter("api_errors_total", "Calls on the engine that failed, by purpose and error.")

/** What calls on the engine are for: the label `purpose` of `api_errors_total`. */
export const purposes = ["read", "write", "policy", "history"] as const

/** One more call on the engine that failed with the error of this tag. */
export const countApiError = (purpose: (typeof purposes)[number], error: string) =>
  Metric.increment(Metric.tagged(Metric.tagged(apiErrors, "purpose", purpose), "error", error))

export const journalRecovered = counter(
  "journal_recovered_total",
  "Moves that this instance found under way, begun by another or before it started, and ended."
)

/** By result (`delivered`, `given_up`). */
export const notifications = counter("notifications_total", "Webhook notifications by result.")

export const plannedMoves = gauge("planned_moves", "Moves that would restore the balance now.")

/** Seconds. */
export const planDuration = Metric.histogram(
  `${prefix}plan_duration_seconds`,
  MetricBoundaries.fromIterable([0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]),
  "Time that making a plan took."
)

export const leads = gauge("leader", "1 where this instance's node leads the Swarm.")

/** By brake; what an engaged brake holds is in `/v1/state`. */
export const brakesEngaged = gauge("brakes_engaged", "Services, nodes or clusters that a brake holds now.")

export const holding = gauge("move_held", "1 while a move can neither go on nor back and waits for an operator.")
