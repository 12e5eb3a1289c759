/**
 * Whether a node may take a task, judged by the Engine API's objects alone: readiness, availability, placement constraints. Not
 * the rules that the embedded Swarm and the planner place by, so that a fault of those shows here. Understands the constraints
 * that random services are given; knows nothing of loads.
 */
import { at, type EngineObject, numberAt, textAt } from "../EngineValue.ts"

/** Why the node may not take a task of this spec (`Spec` of a task); null when it may. */
export const refusalOf = (spec: unknown, node: EngineObject): string | null => {
  const state = textAt(node, "Status", "State")
  if (state !== "ready") return `the node is ${state}`
  const availability = textAt(node, "Spec", "Availability")
  if (availability !== "active") return `the node is on ${availability}`
  return constraintRefusal(spec, node)
}

/** The constraint that the node does not meet; null when it meets all. */
export const constraintRefusal = (spec: unknown, node: EngineObject): string | null => {
  const constraints = at(spec, "Placement", "Constraints")
  if (!Array.isArray(constraints)) return null
  const broken = constraints.find((text) => typeof text === "string" && !meets(text, node))
  return broken === undefined ? null : `it does not meet ${String(broken)}`
}

/** 0: no limit. */
export const maxReplicasOf = (spec: unknown): number => numberAt(spec, "Placement", "MaxReplicas") ?? 0

const meets = (text: string, node: EngineObject): boolean => {
  const match = /^(.+?)(==|!=)(.*)$/.exec(text)
  if (match === null) throw new RangeError(`constraint ${text}: write it as node.hostname!=n1`)
  const [, key = "", operator, wanted = ""] = match
  const isEqual = valueOf(key.trim(), node).toLowerCase() === wanted.trim().toLowerCase()
  return operator === "==" ? isEqual : !isEqual
}

const valueOf = (key: string, node: EngineObject): string => {
  if (key === "node.hostname") return textAt(node, "Description", "Hostname")
  if (key === "node.role") return textAt(node, "Spec", "Role")
  if (key.startsWith("node.labels.")) return textAt(node, "Spec", "Labels", key.slice("node.labels.".length))
  throw new RangeError(`constraint on ${key}: only node.hostname, node.role and node.labels are understood`)
}
