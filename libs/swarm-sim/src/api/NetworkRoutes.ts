/**
 * `/networks`: the Swarm's networks and the engine's own, found by id, name or prefix (moby
 * `daemon/server/router/network/network_routes.go`). Overlay networks are made and removed; local ones are only shown.
 */
import { at, textAt, textsAt } from "../swarm/Json.ts"
import type { EngineJson } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { type Engine, managed } from "./Engine.ts"
import { accepted, badRequest, EngineRefusal } from "./EngineRefusal.ts"
import { idOf } from "./EngineText.ts"
import { Filters } from "./Filters.ts"
import { localNetworks, predefined } from "./LocalNetworks.ts"
import { bodyOf, flagOf, type Handler, type Route, route } from "./Route.ts"

/** Of a worker, and of a manager without a leader, only its own. */
const allNetworks = (engine: Engine): ReadonlyArray<EngineJson> => {
  const own = localNetworks(engine)
  try {
    return [...managed(engine).list("network"), ...own]
  } catch (error) {
    if (error instanceof EngineRefusal) return own
    throw error
  }
}

const scopeOf = (network: EngineJson): string => textAt(network, "Scope")

const isBuiltIn = (network: EngineJson): boolean => predefined.includes(textAt(network, "Name"))

/** `dangling` compares with the engine's own names only: attachments are not tracked. */
const isWanted = (filters: Filters, network: EngineJson): boolean => {
  const types = filters.get("type")
  const [dangling] = filters.get("dangling")
  return (
    filters.equals("driver", textAt(network, "Driver")) &&
    filters.matches("name", textAt(network, "Name")) &&
    filters.matches("id", idOf(network)) &&
    filters.labels("label", textsAt(network, "Labels")) &&
    filters.equals("scope", scopeOf(network)) &&
    (types.length === 0 || types.some((type) => (type === "builtin") === isBuiltIn(network))) &&
    (dangling === undefined || ["1", "true"].includes(dangling) === !isBuiltIn(network))
  )
}

const list: Handler = (request, engine) => {
  const filters = Filters.parse(request.query.get("filters")).accept(
    "dangling",
    "driver",
    "id",
    "label",
    "name",
    "scope",
    "type"
  )
  for (const type of filters.get("type"))
    if (type !== "builtin" && type !== "custom") throw badRequest(`invalid filter: 'type'='${type}'`)
  return Answer.list(allNetworks(engine).filter((network) => isWanted(filters, network)))
}

const findNetwork = (engine: Engine, term: string, scope: string): EngineJson => {
  const networks = allNetworks(engine).filter((network) => scope === "" || scopeOf(network) === scope)
  const whole = networks.find((network) => idOf(network) === term)
  if (whole !== undefined) return whole
  for (const [matches, by] of [
    [networks.filter((network) => textAt(network, "Name") === term), "name"],
    [networks.filter((network) => idOf(network).startsWith(term)), "ID prefix"]
  ] as const) {
    const [match] = matches
    if (matches.length > 1)
      throw badRequest(`${matches.length} matches found based on ${by}: network ${term} is ambiguous`)
    if (match !== undefined) return match
  }
  throw new EngineRefusal(404, `network ${term} not found`)
}

/** `verbose` would add the tasks attached; the CLI shows none without it. */
const inspect: Handler = (request, engine) => {
  flagOf(request, "verbose")
  const network = findNetwork(engine, request.id, request.query.get("scope") ?? "")
  return Answer.object(network)
}

const create: Handler = (request, engine) => {
  const spec = bodyOf(request, "types.NetworkCreateRequest")
  const name = textAt(spec, "Name")
  const driver = textAt(spec, "Driver") || "bridge"
  if (allNetworks(engine).some((network) => textAt(network, "Name") === name))
    throw new EngineRefusal(409, `network with name ${name} already exists`)
  if (predefined.includes(name))
    throw new EngineRefusal(403, `operation is not permitted on predefined ${name} network`)
  if (driver !== "overlay" && at(spec, "Scope") !== "swarm")
    throw new EngineRefusal(
      501,
      `the embedded Swarm makes overlay networks only: "${name}" asks for driver ${driver}, use --driver overlay`
    )
  return Answer.json({ Id: accepted(managed(engine).createNetwork(spec)), Warning: "" }, 201)
}

const remove: Handler = (request, engine) => {
  const network = findNetwork(engine, request.id, "")
  if (scopeOf(network) !== "swarm")
    throw new EngineRefusal(403, `${textAt(network, "Name")} is a pre-defined network and cannot be removed`)
  accepted(managed(engine).removeNetwork(idOf(network)))
  return Answer.empty(204)
}

/** There are no unused local networks; Swarm's are not pruned by the engine's local part. */
const prune: Handler = (request) => {
  Filters.parse(request.query.get("filters")).accept("label", "label!", "until")
  return Answer.json({ NetworksDeleted: null })
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/networks", list),
  route("POST", "/networks/create", create),
  route("POST", "/networks/prune", prune),
  route("GET", "/networks/", list),
  route("GET", "/networks/{id}", inspect),
  route("DELETE", "/networks/{id}", remove)
]
