/**
 * What must hold of a Swarm at every moment, whatever is done to it: checked from commit to commit by a memory of what was
 * seen before. Knows the Engine API's objects only, so it judges any Swarm that shows them.
 */
import { stateRank, type TaskState } from "@evenkeel/domain/Task"
import { type EngineObject, numberAt, textAt } from "./EngineValue.ts"
import type { Observation } from "./Target.ts"

export interface Invariants {
  /** Compares with what was seen before; the violations, each with the object's id. */
  readonly check: (seen: Observation) => ReadonlyArray<string>
}

export const make = (): Invariants => {
  const before = new Map<string, EngineObject>()
  return {
    check: (seen) => {
      const violations: Array<string> = []
      for (const object of [...seen.nodes, ...seen.services, ...seen.tasks]) {
        const id = textAt(object, "ID")
        const was = before.get(id)
        before.set(id, object)
        if (was === object) continue
        if (was === undefined) continue
        violations.push(...versionsGrow(was, object))
        if (object["DesiredState"] !== undefined) violations.push(...taskMovesForward(was, object))
      }
      violations.push(...reservationsFit(seen))
      return violations
    }
  }
}

const versionsGrow = (was: EngineObject, is: EngineObject): ReadonlyArray<string> => {
  const [before, after] = [numberAt(was, "Version", "Index") ?? 0, numberAt(is, "Version", "Index") ?? 0]
  if (after > before || stored(was) === stored(is)) return []
  return [`${textAt(is, "ID")} changed and its version went from ${before} to ${after}`]
}

/** Without what managers add when they are asked: who leads and who is reachable. */
const stored = ({ ManagerStatus: _, ...object }: EngineObject): string => JSON.stringify(object)

const rank = (state: string): number => stateRank(state as TaskState)

const taskMovesForward = (was: EngineObject, is: EngineObject): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const id = textAt(is, "ID")
  const [nodeBefore, node] = [textAt(was, "NodeID"), textAt(is, "NodeID")]
  if (nodeBefore !== "" && node !== nodeBefore) violations.push(`task ${id} went from node ${nodeBefore} to ${node}`)
  for (const path of [["Status", "State"], ["DesiredState"]]) {
    const [before, after] = [textAt(was, ...path), textAt(is, ...path)]
    if (rank(after) < rank(before))
      violations.push(`task ${id} went back from ${before} to ${after} (${path.join(".")})`)
  }
  return violations
}

/** What tasks between ASSIGNED and RUNNING reserve is within what their node has. */
const reservationsFit = (seen: Observation): ReadonlyArray<string> => {
  const reserved = new Map<string, number>()
  for (const task of seen.tasks) {
    const state = rank(textAt(task, "Status", "State"))
    const cpus = numberAt(task, "Spec", "Resources", "Reservations", "NanoCPUs") ?? 0
    if (cpus === 0 || state < rank("assigned") || state > rank("running")) continue
    const node = textAt(task, "NodeID")
    reserved.set(node, (reserved.get(node) ?? 0) + cpus)
  }
  return seen.nodes.flatMap((node) => {
    const total = numberAt(node, "Description", "Resources", "NanoCPUs") ?? 0
    const taken = reserved.get(textAt(node, "ID")) ?? 0
    return taken > total ? [`node ${textAt(node, "ID")} has ${total} nano CPUs and ${taken} reserved`] : []
  })
}

/**
 * Of a Swarm at rest with nodes to spare: every replicated service runs as many tasks as it asks for. A waiting task that is
 * older than its service's last change counts as one: SwarmKit gives it up when it finds no node once more (swarmkit
 * `manager/scheduler/scheduler.go:noSuitableNode`; seen on Docker Engine 20.10).
 */
export const replicasRestored = (seen: Observation): ReadonlyArray<string> =>
  seen.services.flatMap((service) => {
    const wanted = numberAt(service, "Spec", "Mode", "Replicated", "Replicas")
    if (wanted === undefined) return []
    const changed = numberAt(service, "Version", "Index") ?? 0
    const counted = seen.tasks.filter((task) => {
      if (task["ServiceID"] !== service["ID"] || textAt(task, "DesiredState") !== "running") return false
      const state = textAt(task, "Status", "State")
      return state === "running" || (state === "pending" && (numberAt(task, "Version", "Index") ?? 0) < changed)
    }).length
    const name = textAt(service, "Spec", "Name")
    return counted === wanted ? [] : [`service ${name} asks for ${wanted} tasks and has ${counted} at rest`]
  })
