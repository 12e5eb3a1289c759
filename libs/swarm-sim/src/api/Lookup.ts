/**
 * How the engine finds an object that is named in a path: by its whole id, else by its whole name, else by a prefix of its id
 * that only it has (moby `daemon/cluster/helpers.go`). Throws EngineRefusal with the engine's words.
 */
import type { EngineJson, ObjectKind, SwarmPort } from "../swarm/SwarmPort.ts"
import { badRequest, notFound } from "./EngineRefusal.ts"
import { textAt } from "../swarm/Json.ts"
import { idOf } from "./EngineText.ts"
import { taskName } from "./TaskName.ts"

export const nameOf = (swarm: SwarmPort, kind: ObjectKind, object: EngineJson): string => {
  switch (kind) {
    case "node":
      return textAt(object, "Description", "Hostname")
    case "task":
      return taskName(swarm, object)
    case "network":
      return textAt(object, "Name") || textAt(object, "Spec", "Name")
    default:
      return textAt(object, "Spec", "Name")
  }
}

export const find = (swarm: SwarmPort, kind: ObjectKind, input: string): EngineJson => {
  const whole = swarm.get(kind, input)
  if (whole !== undefined) return whole
  const objects = swarm.list(kind)
  const named = objects.filter((object) => nameOf(swarm, kind, object) === input)
  const matches = named.length > 0 ? named : objects.filter((object) => idOf(object).startsWith(input))
  const [match] = matches
  if (match === undefined) throw notFound(kind, input)
  if (matches.length > 1) throw badRequest(`${kind} ${input} is ambiguous (${matches.length} matches found)`)
  return match
}
