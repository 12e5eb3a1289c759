/**
 * `/secrets` and `/configs`, which differ in one thing: a secret's data is never given back (moby `daemon/cluster/secrets.go`,
 * `configs.go`).
 */
import { at, isRecord, textAt, textsAt } from "../swarm/Json.ts"
import type { EngineJson, SwarmPort } from "../swarm/SwarmPort.ts"
import * as Answer from "./Answer.ts"
import { managed } from "./Engine.ts"
import { accepted } from "./EngineRefusal.ts"
import { idOf } from "./EngineText.ts"
import { Filters } from "./Filters.ts"
import * as Form from "./Form.ts"
import { find } from "./Lookup.ts"
import { bodyOf, type Handler, type Request, type Route, route, versionOf } from "./Route.ts"

type Kind = "secret" | "config"

const driver = Form.pointer(Form.struct({ Name: Form.text, Options: Form.map }))

const shapes: Readonly<Record<Kind, Form.Shape>> = {
  secret: Form.struct({
    Name: Form.text,
    Labels: Form.anyMap,
    Data: Form.text,
    Driver: driver,
    Templating: driver
  }),
  config: Form.struct({ Name: Form.text, Labels: Form.anyMap, Data: Form.text, Templating: driver })
}

const specOf = (kind: Kind, request: Request): EngineJson => {
  const type = kind === "secret" ? "SecretSpec" : "ConfigSpec"
  const spec = shapes[kind](bodyOf(request, `swarm.${type}`), type)
  return isRecord(spec) ? spec : {}
}

const create = (swarm: SwarmPort, kind: Kind, spec: EngineJson) =>
  kind === "secret" ? swarm.createSecret(spec) : swarm.createConfig(spec)

const shown = (kind: Kind, object: EngineJson): EngineJson => {
  const spec = at(object, "Spec")
  if (kind === "config" || !isRecord(spec) || !("Data" in spec)) return object
  const { Data: _, ...rest } = spec
  return { ...object, Spec: rest }
}

const routesOf = (kind: Kind, accept: ReadonlyArray<string>): ReadonlyArray<Route> => {
  const path = `/${kind}s`

  const list: Handler = (request, engine) => {
    const filters = Filters.parse(request.query.get("filters")).accept(...accept)
    const objects = managed(engine)
      .list(kind)
      .filter((object) => {
        const name = textAt(object, "Spec", "Name")
        return (
          filters.equals("names", name) &&
          filters.prefixes("name", name) &&
          filters.prefixes("id", idOf(object)) &&
          filters.labels("label", textsAt(object, "Spec", "Labels"))
        )
      })
    return Answer.list(objects.map((object) => shown(kind, object)))
  }

  const make: Handler = (request, engine) =>
    Answer.json({ ID: accepted(create(managed(engine), kind, specOf(kind, request))) }, 201)

  const inspect: Handler = (request, engine) => Answer.object(shown(kind, find(managed(engine), kind, request.id)))

  const update: Handler = (request, engine) => {
    const version = versionOf(request, kind)
    const swarm = managed(engine)
    const spec = specOf(kind, request)
    const object = find(swarm, kind, request.id)
    // Clients cannot read a secret's data and so send none: it stays, as SwarmKit keeps it.
    const kept = "Data" in spec ? spec : { ...spec, ...dataOf(object) }
    accepted(
      kind === "secret"
        ? swarm.updateSecret(idOf(object), version, kept)
        : swarm.updateConfig(idOf(object), version, kept)
    )
    return Answer.empty()
  }

  const remove: Handler = (request, engine) => {
    const swarm = managed(engine)
    const id = idOf(find(swarm, kind, request.id))
    accepted(kind === "secret" ? swarm.removeSecret(id) : swarm.removeConfig(id))
    return Answer.empty(204)
  }

  return [
    route("GET", path, list),
    route("POST", `${path}/create`, make),
    route("GET", `${path}/{id}`, inspect),
    route("POST", `${path}/{id}/update`, update),
    route("DELETE", `${path}/{id}`, remove)
  ]
}

const dataOf = (object: EngineJson): EngineJson => {
  const data = at(object, "Spec", "Data")
  return data === undefined ? {} : { Data: data }
}

export const routes: ReadonlyArray<Route> = [
  ...routesOf("secret", ["names", "name", "id", "label"]),
  ...routesOf("config", ["name", "id", "label"])
]
