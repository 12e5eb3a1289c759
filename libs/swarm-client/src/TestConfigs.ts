/** The part of the engine in memory that keeps Docker configs, for `SwarmClientTest`: names are unique, data never changes. */
import * as SpecText from "./SpecText.ts"

export interface ConfigStore {
  readonly all: () => ReadonlyArray<string>
  readonly find: (id: string) => string | undefined
  /** Gives the object the next version. */
  readonly write: (text: string) => void
  readonly remove: (id: string) => void
  readonly nextIndex: () => number
}

export interface ConfigRequest {
  readonly method: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Refused {
  readonly status: number
  readonly message: string
}

/** Status and text of the answer; a refusal has the engine's words. */
export type ConfigAnswer = { readonly status: number; readonly text: string } | Refused

interface ConfigSpec {
  readonly Name: string
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly Data?: string
}

const createdAt = "2026-01-02T03:04:05.123456789Z"

const specOf = (text: string): ConfigSpec => (JSON.parse(text) as { readonly Spec: ConfigSpec }).Spec

const matches = (spec: ConfigSpec, label: string): boolean => {
  const [key = "", ...value] = label.split("=")
  const found = spec.Labels?.[key]
  return found !== undefined && (value.length === 0 || found === value.join("="))
}

/** `segments`: the path behind `/configs`. */
export const answer = (store: ConfigStore, segments: ReadonlyArray<string>, request: ConfigRequest): ConfigAnswer => {
  const [id, verb] = segments
  if (id === undefined) {
    const filters = JSON.parse(request.query?.["filters"] ?? "{}") as { readonly label?: ReadonlyArray<string> }
    const wanted = store.all().filter((text) => (filters.label ?? []).every((label) => matches(specOf(text), label)))
    return { status: 200, text: `[${wanted.join(",")}]` }
  }
  if (id === "create") return create(store, JSON.parse(request.body ?? "{}") as ConfigSpec)
  const found = store.find(id)
  if (found === undefined) return { status: 404, message: `config ${id} not found` }
  if (request.method === "DELETE") {
    store.remove(id)
    return { status: 204, text: "" }
  }
  if (verb !== "update") return { status: 200, text: found }
  if (request.query?.["version"] !== SpecText.get(found, ["Version", "Index"]))
    return { status: 500, message: "rpc error: code = Unknown desc = update out of sequence" }
  const wanted = JSON.parse(request.body ?? "{}") as ConfigSpec
  if (wanted.Data !== specOf(found).Data) return { status: 400, message: "only updates to Labels are allowed" }
  store.write(JSON.stringify({ ...(JSON.parse(found) as object), Spec: wanted }))
  return { status: 200, text: "" }
}

const invalid = (words: string): ConfigAnswer => ({
  status: 400,
  message: `rpc error: code = InvalidArgument desc = ${words}`
})

const create = (store: ConfigStore, spec: ConfigSpec): ConfigAnswer => {
  if (spec.Name === "") return invalid("name must be provided")
  if ((spec.Data ?? "") === "") return invalid("config data must be larger than 0 and less than 1024000 bytes")
  if (store.all().some((text) => specOf(text).Name === spec.Name))
    return { status: 409, message: `rpc error: code = AlreadyExists desc = config ${spec.Name} already exists` }
  const ID = `config${store.nextIndex()}`
  store.write(JSON.stringify({ ID, Version: { Index: 0 }, CreatedAt: createdAt, UpdatedAt: createdAt, Spec: spec }))
  return { status: 201, text: JSON.stringify({ ID }) }
}
