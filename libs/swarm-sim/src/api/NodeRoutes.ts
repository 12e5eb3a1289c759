/** `/nodes`: lists with filters, inspection, update of role, availability and labels, removal (moby `daemon/cluster/nodes.go`). */
import { textAt, textsAt } from "../swarm/Json.ts"
import * as Answer from "./Answer.ts"
import { managed } from "./Engine.ts"
import { accepted, badRequest, EngineRefusal } from "./EngineRefusal.ts"
import { idOf } from "./EngineText.ts"
import { Filters } from "./Filters.ts"
import * as Form from "./Form.ts"
import { find } from "./Lookup.ts"
import { bodyOf, flagOf, type Handler, type Route, route, versionOf } from "./Route.ts"
import { isRecord } from "../swarm/Json.ts"

/** Values that are no enumeration's member are an unclassified error of the engine: status 500. */
const requireWords = (filters: Filters, key: string, words: ReadonlyArray<string>): void => {
  for (const value of filters.get(key))
    if (value !== "" && !words.includes(value.toLowerCase()))
      throw new EngineRefusal(500, `Invalid ${key} filter: '${value}'`)
}

const wordsOf = (filters: Filters, key: string): ReadonlyArray<string> =>
  filters
    .get(key)
    .map((value) => value.toLowerCase())
    .filter((value) => value !== "")

const list: Handler = (request, engine) => {
  const filters = Filters.parse(request.query.get("filters")).accept(
    "name",
    "id",
    "label",
    "role",
    "membership",
    "node.label"
  )
  requireWords(filters, "role", ["worker", "manager"])
  requireWords(filters, "membership", ["pending", "accepted"])
  const roles = wordsOf(filters, "role")
  const memberships = wordsOf(filters, "membership")
  // Nodes of an embedded Swarm are all accepted.
  const isMember = memberships.length === 0 || memberships.includes("accepted")
  const nodes = managed(engine)
    .list("node")
    .filter(
      (node) =>
        isMember &&
        filters.prefixes("name", textAt(node, "Description", "Hostname")) &&
        filters.prefixes("id", idOf(node)) &&
        filters.labels("label", textsAt(node, "Description", "Engine", "Labels")) &&
        filters.labels("node.label", textsAt(node, "Spec", "Labels")) &&
        (roles.length === 0 || roles.includes(textAt(node, "Spec", "Role")))
    )
  return Answer.list(nodes)
}

const inspect: Handler = (request, engine) => Answer.object(find(managed(engine), "node", request.id))

const refuseWord = (field: string) => (word: string) => `invalid ${field}: "${word}"`

const nodeSpec = Form.struct({
  Name: Form.text,
  Labels: Form.anyMap,
  Role: Form.word(["", "worker", "manager"], refuseWord("Role")),
  Availability: Form.word(["", "active", "pause", "drain"], refuseWord("Availability"))
})

const update: Handler = (request, engine) => {
  const spec = nodeSpec(bodyOf(request, "swarm.NodeSpec"), "NodeSpec")
  const version = versionOf(request, "node")
  const swarm = managed(engine)
  if (!isRecord(spec)) throw badRequest("invalid JSON: a node's spec is an object")
  if (spec["Role"] === "") throw badRequest('invalid Role: ""')
  if (spec["Availability"] === "") throw badRequest('invalid Availability: ""')
  accepted(swarm.updateNode(idOf(find(swarm, "node", request.id)), version, spec))
  return Answer.empty()
}

const remove: Handler = (request, engine) => {
  const isForced = flagOf(request, "force")
  const swarm = managed(engine)
  accepted(swarm.removeNode(idOf(find(swarm, "node", request.id)), isForced))
  return Answer.empty()
}

export const routes: ReadonlyArray<Route> = [
  route("GET", "/nodes", list),
  route("GET", "/nodes/{id}", inspect),
  route("POST", "/nodes/{id}/update", update),
  route("DELETE", "/nodes/{id}", remove)
]
