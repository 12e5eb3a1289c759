/** `ServiceStatus` of a listed service: its tasks counted (swarmkit `manager/controlapi/service.go:ListServiceStatuses`). */
import { at, isRecord, numberAt } from "../swarm/Json.ts"
import type { EngineJson, SwarmPort } from "../swarm/SwarmPort.ts"
import { idOf } from "./EngineText.ts"

export const withStatus = (swarm: SwarmPort, service: EngineJson): EngineJson => {
  const isGlobal = isRecord(at(service, "Spec", "Mode", "Global")) || isRecord(at(service, "Spec", "Mode", "GlobalJob"))
  const iteration = numberAt(service, "JobStatus", "JobIteration", "Index")
  let desired = isGlobal
    ? 0
    : (numberAt(service, "Spec", "Mode", "Replicated", "Replicas") ??
      numberAt(service, "Spec", "Mode", "ReplicatedJob", "MaxConcurrent") ??
      0)
  let running = 0
  let completed = 0
  for (const { desired: wanted, jobIteration, state } of swarm.taskStates(idOf(service))) {
    if (iteration !== null && jobIteration !== iteration) continue
    if (state === "running") running += 1
    if (iteration !== null && state === "complete") completed += 1
    if (isGlobal && (wanted === "running" || (wanted === "complete" && state !== "complete"))) desired += 1
  }
  return {
    ...service,
    ServiceStatus: { RunningTasks: running, DesiredTasks: desired, CompletedTasks: completed }
  }
}
