/**
 * Whether Swarm would replace a task because its service has changed (swarmkit `manager/orchestrator/task.go:IsTaskDirty`),
 * judged on the JSON that the engine shows of service and task.
 */
import type { Node } from "../Node.ts"
import type { Service } from "../Service.ts"
import type { Task } from "../Task.ts"
import * as Constraint from "./Constraint.ts"

export interface DirtinessInput {
  readonly service: Service
  readonly task: Task
  /** The task's node; undefined when it has left. */
  readonly node: Node | undefined
  /** The endpoint spec that the task was made with. The Engine API does not show it: undefined takes it as unchanged. */
  readonly taskEndpointSpec?: unknown
}

/**
 * Never dirty: a task of the current spec version, and a task whose template differs in `Placement` alone while its node
 * satisfies the new constraints. In that second case a change of the endpoint in the same update is passed over too, as
 * SwarmKit does.
 */
export const isTaskDirty = ({ service, task, node, taskEndpointSpec }: DirtinessInput): boolean => {
  if (task.specVersion !== null && task.specVersion === service.specVersion) return false
  const placementOf = (template: unknown) => (isRecord(template) ? template["Placement"] : undefined)
  const hasNewPlacement = !isSameSpec(placementOf(service.template), placementOf(task.spec))
  const isSameElse = isSameSpec(withoutPlacement(service.template), withoutPlacement(task.spec))
  if (hasNewPlacement && isSameElse && node !== undefined) {
    const constraints = Constraint.parseAll(service.placement.constraints) ?? []
    if (Constraint.nodeMatches(constraints, node)) return false
  }
  if (hasNewPlacement || !isSameElse) return true
  return taskEndpointSpec !== undefined && !isSameSpec(service.endpointSpec, taskEndpointSpec)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const withoutPlacement = (template: unknown): unknown => {
  if (!isRecord(template)) return template
  const { Placement: _, ...rest } = template
  return rest
}

/**
 * Fields that SwarmKit keeps apart when absent and when zero (pointers and wrapped values in its protobuf); everywhere else
 * the engine's JSON may show a zero value or leave it out.
 */
const keepsZero = new Set(["Init", "Delay", "Window", "StopGracePeriod", "MemorySwappiness", "Isolation"])

/** Fields whose keys are the user's own: there an empty text is a value. */
const isUserMap = (key: string): boolean => key === "Labels" || key === "Options" || key === "Sysctls"

/** Defaults that the engine writes out for a service and leaves out for a task (seen on Docker Engine 20.10). */
const isDefault = (key: string, value: unknown): boolean => key === "Runtime" && value === "container"

const isZero = (key: string, value: unknown): boolean => {
  if (value === undefined || value === null || isDefault(key, value)) return true
  if (Array.isArray(value)) return value.length === 0
  if (isRecord(value)) {
    const isUsers = isUserMap(key)
    for (const name in value) if (isUsers || !isZero(name, value[name])) return false
    return true
  }
  return !keepsZero.has(key) && (value === "" || value === 0 || value === false)
}

/** Equality of two specs as parsed JSON, where an absent field equals its empty value. The order of lists matters. */
export const isSameSpec = (a: unknown, b: unknown): boolean => isSameAt("", a, b)

const isSameAt = (key: string, a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (isZero(key, a) || isZero(key, b)) return isZero(key, a) && isZero(key, b)
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isSameAt(key, item, b[i]))
  if (!isRecord(a) || !isRecord(b)) return false
  const isUsers = isUserMap(key)
  for (const name in a) if (isUsers ? a[name] !== b[name] : !isSameAt(name, a[name], b[name])) return false
  for (const name in b) if (!(name in a) && (isUsers || !isZero(name, b[name]))) return false
  return true
}
