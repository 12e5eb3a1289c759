/** How a rolling update or rollback proceeds, with SwarmKit's defaults (swarmkit `api/defaults/service.go`). */
import { at, durationAt, numberAt, textAt } from "./Json.ts"
import type { ServiceRecord } from "./Records.ts"

export interface UpdateConfig {
  /** Slots at a time; 0 means all. */
  readonly parallelism: number
  readonly delayMillis: number
  readonly monitorMillis: number
  readonly failureAction: "pause" | "continue" | "rollback"
  readonly maxFailureRatio: number
  readonly order: "start-first" | "stop-first"
}

const defaultMonitorMillis = 5000

/** The settings that hold now: those for rollbacks while one is under way. */
export const updateConfigOf = ({ spec, updateStatus }: ServiceRecord): UpdateConfig => {
  const field = updateStatus?.state === "rollback_started" ? "RollbackConfig" : "UpdateConfig"
  const config = at(spec, field)
  const action = textAt(config, "FailureAction")
  return {
    parallelism: config === undefined ? 1 : (numberAt(config, "Parallelism") ?? 0),
    delayMillis: durationAt(config, "Delay") ?? 0,
    monitorMillis: durationAt(config, "Monitor") || defaultMonitorMillis,
    failureAction: action === "continue" || action === "rollback" ? action : "pause",
    maxFailureRatio: numberAt(config, "MaxFailureRatio") ?? 0,
    order: textAt(config, "Order") === "start-first" ? "start-first" : "stop-first"
  }
}
