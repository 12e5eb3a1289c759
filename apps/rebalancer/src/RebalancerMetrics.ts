/** The rebalancer's metric handles; they are updated where things happen and rendered by the admin server. */
import * as Metric from "effect/Metric"

export const prefix = "evenkeel_rebalancer_"

/** By strategy (`pin`, `surge`) and result (`begun`, `completed`, `undone`). */
export const moves = Metric.counter(`${prefix}moves_total`, {
  description: "Moves by strategy and result.",
  incremental: true
})

export const readings = Metric.counter(`${prefix}readings_total`, {
  description: "Readings of the Swarm by result.",
  incremental: true
})

export const writesFailed = Metric.counter(`${prefix}writes_failed_total`, {
  description: "Steps of a move that the engine refused or that were overtaken, by error.",
  incremental: true
})

export const plannedMoves = Metric.gauge(`${prefix}planned_moves`, {
  description: "Moves that would restore the balance now."
})

/** By group. */
export const groupSkew = Metric.gauge(`${prefix}group_skew_tasks`, {
  description: "Most less fewest tasks of a group over the nodes that may run it."
})

export const nodeSkew = Metric.gauge(`${prefix}node_skew_tasks`, {
  description: "Most less fewest tasks over the nodes that take tasks."
})

export const leads = Metric.gauge(`${prefix}leader`, {
  description: "1 where this instance's node leads the Swarm."
})

export const holding = Metric.gauge(`${prefix}move_held`, {
  description: "1 while a move can neither go on nor back and waits for an operator."
})
