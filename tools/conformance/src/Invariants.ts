/**
 * What must hold of a Swarm at every moment, whatever is done to it: checked from commit to commit by a memory of what was
 * seen before. Knows the Engine API's objects only, so it judges any Swarm that shows them. What holds only of a Swarm that was
 * left alone for a while is `invariants/AtRest`'s matter.
 */
import { type EngineObject, numberAt, textAt } from "./EngineValue.ts"
import { type Claim, claimOf, NodeClaims } from "./invariants/Claims.ts"
import { maxReplicasOf, refusalOf } from "./invariants/Eligibility.ts"
import { isLive, isWanted, rank, ranks } from "./invariants/States.ts"
import type { Observation } from "./Target.ts"

export interface Invariants {
  /** Compares with what was seen before; the violations, each with the object's id. */
  readonly check: (seen: Observation) => ReadonlyArray<string>
}

interface Remembered {
  readonly object: EngineObject
  readonly claim: Claim | null
  /** The check that saw it last: older ones are of objects that are gone. */
  seenBy: number
}

export const make = (): Invariants => {
  const before = new Map<string, Remembered>()
  const claims = new NodeClaims()
  let checks = 0
  let newest = 0

  const forgetGone = () => {
    for (const [id, { claim, seenBy }] of before) {
      if (seenBy === checks) continue
      before.delete(id)
      if (claim !== null) claims.release(claim)
    }
  }

  const check = (seen: Observation): ReadonlyArray<string> => {
    checks++
    const violations: Array<string> = []
    const services = new Set(seen.services.map((service) => textAt(service, "ID")))
    const nodes = new Map(seen.nodes.map((node) => [textAt(node, "ID"), node]))
    const assigned: Array<EngineObject> = []
    let highest = newest
    for (const list of [seen.nodes, seen.services, seen.tasks])
      for (const object of list) {
        const id = textAt(object, "ID")
        const was = before.get(id)
        if (was?.object === object) {
          was.seenBy = checks
          continue
        }
        const isTask = list === seen.tasks
        const claim = isTask ? claimOf(object) : null
        before.set(id, { object, claim, seenBy: checks })
        if (was?.claim) claims.release(was.claim)
        if (claim !== null) claims.take(claim)
        const version = numberAt(object, "Version", "Index") ?? 0
        highest = Math.max(highest, version)
        violations.push(...versionIsNew(was?.object, object, newest))
        if (isTask) {
          violations.push(...taskIsSound(object))
          if (was === undefined) violations.push(...taskHasService(object, services))
          else violations.push(...taskMovesForward(was.object, object))
          if (isAssignment(was?.object, object)) assigned.push(object)
        } else if (list === seen.services && was !== undefined)
          violations.push(...previousSpecIsKept(was.object, object))
      }
    newest = highest
    if (before.size > seen.nodes.length + seen.services.length + seen.tasks.length) forgetGone()
    for (const task of assigned) violations.push(...assignmentFits(task, nodes, claims, assigned))
    violations.push(...claims.violations(nodes))
    return violations
  }
  return { check }
}

/** One version counter: what changes gets a version that nothing had before this commit. */
const versionIsNew = (was: EngineObject | undefined, is: EngineObject, newest: number): ReadonlyArray<string> => {
  const [before, after] = [numberAt(was, "Version", "Index") ?? 0, numberAt(is, "Version", "Index") ?? 0]
  if (was !== undefined && after === before && stored(was) === stored(is)) return []
  return after > newest || newest === 0
    ? []
    : [`${textAt(is, "ID")} changed and its version went from ${before} to ${after}; ${newest} was given before`]
}

/** Without what managers add when they are asked: who leads and who is reachable. */
const stored = ({ ManagerStatus: _, ...object }: EngineObject): string => JSON.stringify(object)

/** Which of its states a task may be in at one time. */
const taskIsSound = (task: EngineObject): ReadonlyArray<string> => {
  const state = textAt(task, "Status", "State")
  const desired = textAt(task, "DesiredState")
  const id = textAt(task, "ID")
  const violations: Array<string> = []
  if (isLive(state) && textAt(task, "NodeID") === "") violations.push(`task ${id} is ${state} and has no node`)
  if ((state === "starting" || state === "running") && rank(desired) < ranks.running)
    violations.push(`task ${id} is ${state} and is wanted ${desired} only`)
  return violations
}

const taskHasService = (task: EngineObject, services: ReadonlySet<string>): ReadonlyArray<string> =>
  services.has(textAt(task, "ServiceID"))
    ? []
    : [`task ${textAt(task, "ID")} was made for service ${textAt(task, "ServiceID")}, which is gone`]

const taskMovesForward = (was: EngineObject, is: EngineObject): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const id = textAt(is, "ID")
  const [nodeBefore, node] = [textAt(was, "NodeID"), textAt(is, "NodeID")]
  if (nodeBefore !== "" && node !== nodeBefore) violations.push(`task ${id} went from node ${nodeBefore} to ${node}`)
  if (was["Slot"] !== is["Slot"] || was["ServiceID"] !== is["ServiceID"])
    violations.push(`task ${id} changed its service or slot`)
  for (const path of [["Status", "State"], ["DesiredState"]]) {
    const [before, after] = [textAt(was, ...path), textAt(is, ...path)]
    if (rank(after) < rank(before))
      violations.push(`task ${id} went back from ${before} to ${after} (${path.join(".")})`)
  }
  return violations
}

const isAssignment = (was: EngineObject | undefined, is: EngineObject): boolean =>
  rank(textAt(was, "Status", "State") || "new") < ranks.assigned && isLive(textAt(is, "Status", "State"))

/** A scheduler's decision is right at the moment it is made: later the node or the service may change. */
const assignmentFits = (
  task: EngineObject,
  nodes: ReadonlyMap<string, EngineObject>,
  claims: NodeClaims,
  assigned: ReadonlyArray<EngineObject>
): ReadonlyArray<string> => {
  const node = nodes.get(textAt(task, "NodeID"))
  const id = textAt(task, "ID")
  if (node === undefined) return [`task ${id} was assigned to node ${textAt(task, "NodeID")}, which is not there`]
  const violations: Array<string> = []
  const refusal = refusalOf(task["Spec"], node)
  if (refusal !== null) violations.push(`task ${id} was assigned to node ${textAt(node, "ID")}: ${refusal}`)
  const most = maxReplicasOf(task["Spec"])
  if (most === 0 || !isWanted(textAt(task, "DesiredState"))) return violations
  // Tasks of another spec, with another limit, may have followed within the same commit.
  const followers = assigned.filter(
    (each) =>
      each["ServiceID"] === task["ServiceID"] &&
      each["NodeID"] === task["NodeID"] &&
      maxReplicasOf(each["Spec"]) !== most
  )
  const count = claims.active(textAt(node, "ID"), textAt(task, "ServiceID")) - followers.length
  if (count > most)
    violations.push(
      `task ${id} was assigned to node ${textAt(node, "ID")} as one of ${count}: at most ${most} may be there`
    )
  return violations
}

/** Where a spec changes, the former one is kept, or has come back. */
const previousSpecIsKept = (was: EngineObject, is: EngineObject): ReadonlyArray<string> => {
  const [before, after] = [JSON.stringify(was["Spec"]), JSON.stringify(is["Spec"])]
  if (before === after) return []
  if (JSON.stringify(is["PreviousSpec"]) === before || JSON.stringify(was["PreviousSpec"]) === after) return []
  return [`service ${textAt(is, "ID")} got another spec, and PreviousSpec is not the one before it`]
}
