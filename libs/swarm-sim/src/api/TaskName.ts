/** What the engine calls a task and its container: `SERVICE.SLOT.ID`, of global services `SERVICE.NODE.ID` (swarmkit `api/naming`). */
import type { EngineJson, SwarmPort } from "../swarm/SwarmPort.ts"
import { numberAt, textAt } from "../swarm/Json.ts"

export const taskName = (swarm: SwarmPort, task: EngineJson): string => {
  const own = textAt(task, "Name")
  if (own !== "") return own
  const serviceId = textAt(task, "ServiceID")
  const service = swarm.get("service", serviceId)
  const slot = numberAt(task, "Slot") ?? 0
  const place = slot === 0 ? textAt(task, "NodeID") : String(slot)
  return `${service === undefined ? serviceId : textAt(service, "Spec", "Name")}.${place}.${textAt(task, "ID")}`
}
