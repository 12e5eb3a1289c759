/**
 * One thing that is done to an embedded Swarm, as a value that can be kept and done again: objects by name, so that it means the
 * same whatever ids a run gives. Refusals by the Swarm are part of the game; a command that a Swarm without a leader would not
 * take is not made.
 */
import type { Fault, SwarmPort } from "@evenkeel/swarm-sim/swarm/SwarmPort"
import { type EngineObject, mergePatch, numberAt, textAt } from "../EngineValue.ts"

export type Command =
  | { readonly do: "create"; readonly spec: EngineObject }
  /** `patch` is merged into the spec as it is (RFC 7396). */
  | { readonly do: "update"; readonly service: string; readonly patch: EngineObject }
  /** With a version that is no longer the present one. */
  | { readonly do: "late-update"; readonly service: string; readonly patch: EngineObject }
  | { readonly do: "rollback"; readonly service: string }
  | { readonly do: "remove"; readonly service: string }
  | { readonly do: "node"; readonly node: string; readonly patch: EngineObject }
  | { readonly do: "remove-node"; readonly node: string }
  | { readonly do: "fault"; readonly fault: Fault }
  /** Events of this manager's engine are lost from now on, or no more. */
  | { readonly do: "drop-events"; readonly node: string; readonly on: boolean }
  | { readonly do: "wait" }

/** A command and the simulated time after it. */
export interface Move {
  readonly command: Command
  readonly thenMillis: number
}

export type Answer = "done" | "refused" | "no leader" | "no such object"

/** `drops` holds the hostnames whose engines lose events. A late update that is taken throws: it must never be. */
export const perform = (swarm: SwarmPort, command: Command, drops: Set<string>): Answer => {
  if (command.do === "wait") return "done"
  if (command.do === "drop-events") {
    if (command.on) drops.add(command.node)
    else drops.delete(command.node)
    return "done"
  }
  if (command.do === "fault") return answer(swarm.fault(command.fault))
  if (swarm.leader() === null) return "no leader"
  if (command.do === "create") return answer(swarm.createService(command.spec))
  if (command.do === "node" || command.do === "remove-node") {
    const node = swarm.list("node").find((each) => textAt(each, "Description", "Hostname") === command.node)
    if (node === undefined) return "no such object"
    if (command.do === "remove-node") return answer(swarm.removeNode(textAt(node, "ID"), true))
    const spec = mergePatch(node["Spec"], command.patch) as EngineObject
    return answer(swarm.updateNode(textAt(node, "ID"), versionOf(node), spec))
  }
  const service = swarm.list("service").find((each) => textAt(each, "Spec", "Name") === command.service)
  if (service === undefined) return "no such object"
  return onService(swarm, command, service)
}

type OfService = Extract<Command, { readonly do: "update" | "late-update" | "rollback" | "remove" }>

const onService = (swarm: SwarmPort, command: OfService, service: EngineObject): Answer => {
  const id = textAt(service, "ID")
  const version = versionOf(service)
  const spec = service["Spec"] as EngineObject
  switch (command.do) {
    case "remove":
      return answer(swarm.removeService(id))
    case "rollback":
      return answer(swarm.updateService(id, version, spec, { rollback: true }))
    case "update":
      return answer(
        swarm.updateService(id, version, mergePatch(spec, command.patch) as EngineObject, { rollback: false })
      )
    case "late-update": {
      const late = mergePatch(spec, command.patch) as EngineObject
      const outcome = swarm.updateService(id, version - 1n, late, { rollback: false })
      if (outcome.ok) throw new RangeError(`service ${command.service} took an update of version ${version - 1n}`)
      return "refused"
    }
  }
}

const answer = (outcome: { readonly ok: boolean }): Answer => (outcome.ok ? "done" : "refused")

const versionOf = (object: EngineObject): bigint => BigInt(numberAt(object, "Version", "Index") ?? 0)
