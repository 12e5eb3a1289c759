/**
 * `/services`: lists with filters and counts, inspection with and without defaults, creation, update and rollback under a
 * version, removal (moby `daemon/cluster/services.go`). Images are not resolved here: clients do that since API 1.30.
 */
import { at, isRecord, textAt, textsAt } from "../swarm/Json.ts"
import type { EngineJson, SwarmPort } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { type Engine, managed } from "./Engine.ts"
import { accepted, badRequest, EngineRefusal } from "./EngineRefusal.ts"
import { idOf, objectsAt } from "./EngineText.ts"
import { Filters } from "./Filters.ts"
import { find } from "./Lookup.ts"
import { bodyOf, flagOf, type Handler, type Request, type Route, route, versionOf } from "./Route.ts"
import { withDefaults } from "./ServiceDefaults.ts"
import { serviceForm } from "./ServiceForm.ts"
import { withStatus } from "./ServiceStatus.ts"
import { isOlder } from "./EngineIdentity.ts"

const specType = "swarm.ServiceSpec"

const modeWords: ReadonlyArray<readonly [field: string, word: string]> = [
  ["Replicated", "replicated"],
  ["Global", "global"],
  ["ReplicatedJob", "replicated-job"],
  ["GlobalJob", "global-job"]
]

const modeOf = (service: EngineJson): string =>
  modeWords.find(([field]) => isRecord(at(service, "Spec", "Mode", field)))?.[1] ?? "replicated"

const list: Handler = (request, engine) => {
  const filters = Filters.parse(request.query.get("filters")).accept("name", "id", "label", "mode", "runtime")
  const isCounted = !isOlder(request.apiVersion, "1.41") && flagOf(request, "status")
  const swarm = managed(engine)
  const services = swarm
    .list("service")
    .filter(
      (service) =>
        filters.prefixes("name", textAt(service, "Spec", "Name")) &&
        filters.prefixes("id", idOf(service)) &&
        filters.labels("label", textsAt(service, "Spec", "Labels")) &&
        filters.equals("mode", modeOf(service)) &&
        filters.equals("runtime", textAt(service, "Spec", "TaskTemplate", "Runtime") || "container")
    )
  return Answer.list(isCounted ? services.map((service) => withStatus(swarm, service)) : services)
}

const inspect: Handler = (request, engine) => {
  const isFull = flagOf(request, "insertDefaults")
  const service = find(managed(engine), "service", request.id)
  if (!isFull) return Answer.object(service)
  const { apiVersion } = engine.identity
  return Answer.json(withDefaults(service, (spec) => serviceForm(spec, apiVersion, apiVersion)))
}

/** Names of networks become ids; an unknown one is refused as `populateNetworkID` does. */
const withNetworkIds = (swarm: SwarmPort, spec: EngineJson): EngineJson => {
  const template = at(spec, "TaskTemplate")
  const networks = objectsAt(template, "Networks")
  if (!isRecord(template) || networks.length === 0) return spec
  const resolved = networks.map((network) => {
    const target = textAt(network, "Target")
    try {
      return { ...network, Target: idOf(find(swarm, "network", target)) }
    } catch (error) {
      if (error instanceof EngineRefusal && error.status === 404) throw new EngineRefusal(500, error.message)
      throw error
    }
  })
  return { ...spec, TaskTemplate: { ...template, Networks: resolved } }
}

const specOf = (request: Request, engine: Engine, swarm: SwarmPort): EngineJson =>
  withNetworkIds(swarm, serviceForm(bodyOf(request, specType), request.apiVersion, engine.identity.apiVersion))

const create: Handler = (request, engine) => {
  const swarm = managed(engine)
  const spec = specOf(request, engine, swarm)
  // The engine invents a name where none is given.
  const named = textAt(spec, "Name") === "" ? { ...spec, Name: `service_${swarm.raftIndex()}` } : spec
  return Answer.json({ ID: accepted(swarm.createService(named)) }, 201)
}

const update: Handler = (request, engine) => {
  const body = bodyOf(request, specType)
  const version = versionOf(request, "service")
  const source = request.query.get("registryAuthFrom") ?? ""
  if (!["", "spec", "previous-spec"].includes(source)) throw badRequest(`invalid registryAuthFrom '${source}'`)
  const rollback = request.query.get("rollback") ?? ""
  const swarm = managed(engine)
  const spec = withNetworkIds(swarm, serviceForm(body, request.apiVersion, engine.identity.apiVersion))
  const id = idOf(find(swarm, "service", request.id))
  if (rollback !== "" && rollback !== "previous" && rollback !== "none")
    throw badRequest(`unrecognized rollback option ${rollback}`)
  accepted(swarm.updateService(id, version, spec, { rollback: rollback === "previous" }))
  return Answer.json(isOlder(engine.identity.apiVersion, "1.52") ? { Warnings: null } : {})
}

const remove: Handler = (request, engine) => {
  const swarm = managed(engine)
  accepted(swarm.removeService(idOf(find(swarm, "service", request.id))))
  return Answer.empty()
}

const logs: Handler = (request, engine) => {
  find(managed(engine), "service", request.id)
  throw new EngineRefusal(501, "the embedded Swarm keeps no logs: its tasks are no containers")
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/services", list),
  route("POST", "/services/create", create),
  route("GET", "/services/{id}", inspect),
  route("POST", "/services/{id}/update", update),
  route("DELETE", "/services/{id}", remove),
  route("GET", "/services/{id}/logs", logs)
]
