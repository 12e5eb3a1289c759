/**
 * `/swarm`: the cluster object, its update, the unlock key (moby `daemon/cluster/swarm.go`). An embedded Swarm is made with all
 * its nodes: init, join and leave are refused.
 */
import { at, isRecord } from "../swarm/Json.ts"
import type { EngineJson } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { managed } from "./Engine.ts"
import { accepted, EngineRefusal } from "./EngineRefusal.ts"
import { bodyOf, flagOf, type Handler, type Route, route, versionOf } from "./Route.ts"

const inspect: Handler = (_, engine) => Answer.object(managed(engine).swarm())

/** Groups that a request leaves out keep their values (moby `daemon/cluster/convert/swarm.go:MergeSwarmSpecToGRPC`). */
const merged = (current: unknown, given: unknown): unknown => {
  if (!isRecord(current) || !isRecord(given)) return given ?? current
  const fields: Record<string, unknown> = { ...current }
  for (const [key, value] of Object.entries(given)) {
    if (value !== null && value !== 0 && value !== "") fields[key] = merged(current[key], value)
  }
  return fields
}

const update: Handler = (request, engine) => {
  const given = bodyOf(request, "swarm.Spec")
  const version = versionOf(request, "swarm")
  for (const flag of ["rotateWorkerToken", "rotateManagerToken", "rotateManagerUnlockKey"])
    if (flagOf(request, flag))
      throw new EngineRefusal(501, "the embedded Swarm has no certificates: its tokens and keys cannot be rotated")
  const swarm = managed(engine)
  const current = at(swarm.swarm(), "Spec")
  const spec = merged(isRecord(current) ? current : {}, given)
  accepted(swarm.updateSwarm(version, spec as EngineJson))
  return Answer.empty()
}

const unlockKey: Handler = (_, engine) => {
  managed(engine)
  return Answer.json({ UnlockKey: "" })
}

const unlock: Handler = () => {
  throw new EngineRefusal(409, "swarm is not locked")
}

const isPartOfSwarm: Handler = () => {
  throw new EngineRefusal(
    503,
    'This node is already part of a swarm. Use "docker swarm leave" to leave this swarm and join another one.'
  )
}

const leave: Handler = () => {
  throw new EngineRefusal(501, "nodes of the embedded Swarm cannot leave it: make one with fewer, or crash the node")
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/swarm", inspect),
  route("POST", "/swarm/update", update),
  route("GET", "/swarm/unlockkey", unlockKey),
  route("POST", "/swarm/unlock", unlock),
  route("POST", "/swarm/init", isPartOfSwarm),
  route("POST", "/swarm/join", isPartOfSwarm),
  route("POST", "/swarm/leave", leave)
]
