/**
 * Whether a Swarm has come to rest, and whether a step's conditions hold. Judges one observation; that it stays so for a while
 * is for the caller to see, by {@link fingerprint}.
 */
import { at, isObject, listOf, numberAt, textAt } from "./EngineValue.ts"
import type { Until } from "./Scenario.ts"
import type { Observation } from "./Target.ts"

const ended = new Set(["complete", "shutdown", "failed", "rejected", "remove", "orphaned"])
const goingOn = new Set(["updating", "rollback_started"])

/** What is not at rest yet; empty when everything is. */
export const unrest = (seen: Observation): ReadonlyArray<string> => {
  const down = new Set(
    seen.nodes.filter((node) => textAt(node, "Status", "State") === "down").map((node) => textAt(node, "ID"))
  )
  const services = new Set(seen.services.map((service) => textAt(service, "ID")))
  const restless = [...unrestOfNodes(seen)]
  for (const task of seen.tasks) {
    const state = textAt(task, "Status", "State")
    const desired = textAt(task, "DesiredState")
    const onDownNode = down.has(textAt(task, "NodeID"))
    const wanted = desired === "running" || desired === "complete"
    const rests =
      (state === "running" && wanted && !onDownNode) ||
      (state === "pending" && textAt(task, "Status", "Err") !== "") ||
      (ended.has(state) && (desired === "shutdown" || state === "complete")) ||
      (onDownNode && !wanted)
    // A removed job's finished tasks stay.
    const orphan = !services.has(textAt(task, "ServiceID")) && !onDownNode && state !== "complete"
    if (!rests || orphan) restless.push(`task ${textAt(task, "ID")} is ${state}, wanted ${desired}`)
  }
  for (const service of seen.services) {
    const name = textAt(service, "Spec", "Name")
    const update = textAt(service, "UpdateStatus", "State")
    if (goingOn.has(update)) restless.push(`service ${name} is ${update}`)
    const replicas = numberAt(service, "Spec", "Mode", "Replicated", "Replicas")
    if (replicas === undefined) continue
    const slots = new Set(
      seen.tasks
        .filter((task) => task["ServiceID"] === service["ID"] && isWanted(textAt(task, "DesiredState")))
        .map((task) => numberAt(task, "Slot"))
    )
    const givenUp = hasGivenUp(service)
    if (slots.size !== replicas && !givenUp) restless.push(`service ${name} has ${slots.size} of ${replicas} slots`)
  }
  return restless
}

/** Nodes of which the leader has heard nothing yet, and those that are becoming managers, or workers. */
const unrestOfNodes = (seen: Observation): ReadonlyArray<string> =>
  seen.nodes.flatMap((node) => {
    const name = textAt(node, "Description", "Hostname")
    const state = textAt(node, "Status", "State")
    if (state === "down") return []
    if (state !== "ready") return [`node ${name} is ${state}`]
    const reachability = textAt(node, "ManagerStatus", "Reachability")
    const role = textAt(node, "Spec", "Role")
    if (reachability === (role === "manager" ? "reachable" : "")) return []
    return [`node ${name} is a ${role}, and ${reachability || "not yet"} among the managers`]
  })

const isWanted = (desired: string): boolean => desired === "running" || desired === "ready"

/** A service whose tasks are not restarted, or not for ever, may rest with fewer than it asks for. */
const hasGivenUp = (service: unknown): boolean => {
  const policy = at(service, "Spec", "TaskTemplate", "RestartPolicy")
  return policy !== undefined && (textAt(policy, "Condition") !== "any" || (numberAt(policy, "MaxAttempts") ?? 0) > 0)
}

/** What of a step's conditions does not hold yet; empty when all do. `before` led when the step began. */
export const unmet = (until: Until, seen: Observation, before: string | null = null): ReadonlyArray<string> => {
  if (until.leader === "none") return seen.leader === null ? [] : [`${seen.leader} leads`]
  if (seen.leader === null) return ["no manager can be asked"]
  const missing: Array<string> = []
  if (until.leader === "new" && seen.leader === before) missing.push(`${before} still leads`)
  for (const [name, state] of Object.entries(until.nodes ?? {})) {
    const states = seen.nodes
      .filter((node) => textAt(node, "Description", "Hostname") === name)
      .map((node) => textAt(node, "Status", "State"))
    if (!states.includes(state)) missing.push(`node ${name} is ${states.join(" and ") || "not listed"}, not ${state}`)
  }
  for (const [name, state] of Object.entries(until.updates ?? {})) {
    const service = seen.services.find((each) => textAt(each, "Spec", "Name") === name)
    const found = textAt(service, "UpdateStatus", "State") || "none"
    if (found !== state) missing.push(`the update of ${name} is ${found}, not ${state}`)
  }
  for (const wanted of until.tasks ?? []) {
    const service = seen.services.find((each) => textAt(each, "Spec", "Name") === wanted.service)
    const count = seen.tasks.filter(
      (task) =>
        task["ServiceID"] === service?.["ID"] &&
        (wanted.state === undefined || textAt(task, "Status", "State") === wanted.state) &&
        (wanted.desired === undefined || textAt(task, "DesiredState") === wanted.desired)
    ).length
    if (count < wanted.count)
      missing.push(
        `${wanted.service} has ${count} tasks that are ${wanted.state ?? `wanted ${wanted.desired ?? "at all"}`}, not ${wanted.count}`
      )
  }
  return until.settled === false ? missing : [...missing, ...unrest(seen)]
}

/** Changes whenever anything does that a trace shows. */
export const fingerprint = (seen: Observation): string =>
  JSON.stringify([
    seen.leader,
    seen.nodes.map((node) => [
      ...[node["ID"], at(node, "Spec"), at(node, "ManagerStatus", "Reachability")],
      ...[at(node, "Status", "State"), at(node, "Status", "Message")]
    ]),
    seen.services.map((service) => [
      ...[service["ID"], at(service, "Spec"), at(service, "PreviousSpec"), at(service, "Endpoint", "Spec")],
      ...[at(service, "UpdateStatus", "State"), at(service, "UpdateStatus", "Message")]
    ]),
    seen.tasks
      .map((task) => [
        ...[textAt(task, "ID"), textAt(task, "Status", "State"), textAt(task, "DesiredState"), textAt(task, "NodeID")],
        ...[textAt(task, "Status", "Message"), textAt(task, "Status", "Err")]
      ])
      .toSorted()
  ])

/** Whether nothing but what a fresh Swarm has is there, and what removed jobs have left. */
export const isEmpty = (seen: Observation): boolean =>
  seen.leader !== null &&
  seen.tasks.every((task) => textAt(task, "Status", "State") === "complete") &&
  seen.services.length === 0 &&
  listOf(seen.nodes).every(
    (node) =>
      textAt(node, "Status", "State") === "ready" &&
      textAt(node, "Spec", "Availability") === "active" &&
      Object.keys(isObject(at(node, "Spec", "Labels")) ? (at(node, "Spec", "Labels") as object) : {}).length === 0
  )
