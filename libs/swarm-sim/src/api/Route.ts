/** A route: method, path and what answers it. Finds the route of a request; an unknown one is the engine's `page not found`. */
import type { EngineJson } from "../swarm/SwarmPort.ts"
import type { Answer } from "./Answer.ts"
import type { Engine } from "./Engine.ts"
import { badRequest, EngineRefusal, invalidJson } from "./EngineRefusal.ts"
import { isRecord } from "../swarm/Json.ts"
import { parse } from "./EngineText.ts"
import { bodyError, kindOf } from "./GoJson.ts"

export interface Request {
  readonly method: string
  /** Without the API version. */
  readonly path: string
  readonly apiVersion: string
  readonly query: URLSearchParams
  readonly bodyText: string
  /** What stands at `{id}` of the route's path, decoded. */
  readonly id: string
}

export type Handler = (request: Request, engine: Engine) => Answer

export interface Route {
  readonly method: string
  readonly pattern: RegExp
  readonly handler: Handler
}

/** `{id}` stands for one segment, `{name}` for one or more. */
export const route = (method: string, path: string, handler: Handler): Route => ({
  method,
  pattern: new RegExp(`^${path.replace("{id}", "(?<id>[^/]+)").replace("{name}", "(?<id>.+)")}$`),
  handler
})

/** Throws EngineRefusal 404 for a path, or a method on it, that there is not. */
export const dispatch = (routes: ReadonlyArray<Route>, request: Omit<Request, "id">, engine: Engine): Answer => {
  for (const { handler, method, pattern } of routes) {
    const match = method === request.method ? pattern.exec(request.path) : null
    if (match !== null) return handler({ ...request, id: decodeId(match.groups?.["id"] ?? "") }, engine)
  }
  throw new EngineRefusal(404, "page not found")
}

const decodeId = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The body as an object; an empty body is an empty one. `type`: Go's name for it. Throws EngineRefusal 400. */
export const bodyOf = ({ bodyText }: Request, type: string): EngineJson => {
  if (bodyText.trim() === "") return {}
  let value: unknown
  try {
    value = parse(bodyText)
  } catch {
    const reason = bodyError(bodyText)
    if (reason === "") throw badRequest("unexpected content after JSON")
    throw invalidJson(reason)
  }
  if (value === null) return {}
  if (!isRecord(value)) throw invalidJson(`json: cannot unmarshal ${kindOf(value)} into Go value of type ${type}`)
  return value
}

/** A boolean of the query as Go's `strconv.ParseBool` reads it. Throws EngineRefusal 400. */
export const flagOf = ({ query }: Request, name: string): boolean => {
  const text = query.get(name) ?? ""
  if (text === "") return false
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false
  throw badRequest(`invalid value for ${name}: ${text}: strconv.ParseBool: parsing "${text}": invalid syntax`)
}

/** `version` of the query. Throws EngineRefusal 400; `kind` is `service`, `node`, … */
export const versionOf = ({ query }: Request, kind: string): bigint => {
  const text = query.get("version") ?? ""
  if (/^\d{1,20}$/.test(text)) return BigInt(text)
  if (kind === "secret" || kind === "config") throw badRequest(`invalid ${kind} version`)
  throw badRequest(`invalid ${kind} version '${text}': strconv.ParseUint: parsing "${text}": invalid syntax`)
}
