/**
 * How Go writes a value that it has read: which fields stay out when empty, which are always there, in which order. A shape
 * takes parsed JSON and gives what the engine would write, undefined for a field that it leaves out.
 */
import { badRequest, invalidJson } from "./EngineRefusal.ts"
import { kindOf } from "./GoJson.ts"
import { isRaw, isRecord, numberOf } from "../swarm/Json.ts"

/** `path` names the field in refusals: `ServiceSpec.TaskTemplate`. */
export type Shape = (value: unknown, path: string) => unknown

const wrong = (value: unknown, path: string, type: string) =>
  invalidJson(`json: cannot unmarshal ${kindOf(value)} into Go struct field ${path} of type ${type}`)

const absent = (value: unknown): value is null | undefined => value === undefined || value === null

/** The member, whatever the case of its letters: Go matches names so. */
const member = (object: Readonly<Record<string, unknown>>, name: string): unknown => {
  if (name in object) return object[name]
  const lower = name.toLowerCase()
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === lower)
  return key === undefined ? undefined : object[key]
}

/** Never left out; write it as `pointer` where it may be. */
export const struct =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value, path) => {
    if (!absent(value) && !isRecord(value)) throw wrong(value, path, path.split(".").at(-1) ?? path)
    const written: Record<string, unknown> = {}
    for (const [name, shape] of Object.entries(fields)) {
      const form = shape(absent(value) ? undefined : member(value, name), `${path}.${name}`)
      if (form !== undefined) written[name] = form
    }
    return written
  }

/** Left out when absent, written even when empty or zero. */
export const pointer =
  (shape: Shape): Shape =>
  (value, path) =>
    absent(value) ? undefined : shape(value, path)

/** `null` when absent. */
export const nullable =
  (shape: Shape): Shape =>
  (value, path) =>
    absent(value) ? null : shape(value, path)

export const anyText: Shape = (value, path) => {
  if (absent(value)) return ""
  if (typeof value !== "string") throw wrong(value, path, "string")
  return value
}

/** Left out when empty. */
export const text: Shape = (value, path) => anyText(value, path) || undefined

/** Any number, 0 when absent. */
export const number: Shape = (value, path) => {
  if (absent(value)) return 0
  if (typeof value !== "number" && !isRaw(value)) throw wrong(value, path, "uint64")
  return value
}

/** Left out when zero. */
export const integer: Shape = (value, path) => {
  const form = number(value, path)
  return numberOf(form) === 0 ? undefined : form
}

export const anyFlag: Shape = (value, path) => {
  if (absent(value)) return false
  if (typeof value !== "boolean") throw wrong(value, path, "bool")
  return value
}

/** Left out when false. */
export const flag: Shape = (value, path) => (anyFlag(value, path) === true ? true : undefined)

/** Left out when empty. */
export const list =
  (shape: Shape): Shape =>
  (value, path) => {
    if (absent(value)) return undefined
    if (!Array.isArray(value)) throw wrong(value, path, "[]interface {}")
    return value.length === 0 ? undefined : value.map((item: unknown) => shape(item, path))
  }

export const texts: Shape = list(anyText)

/** Texts by name; keys in order, as Go writes maps. */
export const anyMap: Shape = (value, path) => {
  if (absent(value)) return {}
  if (!isRecord(value)) throw wrong(value, path, "map[string]string")
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, anyText(item, `${path}.${key}`)] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  )
}

/** Left out when empty. */
export const map: Shape = (value, path) => {
  const form = anyMap(value, path)
  return isRecord(form) && Object.keys(form).length > 0 ? form : undefined
}

/** One of the words, the first when empty; another is refused. */
export const word =
  (words: ReadonlyArray<string>, refuse: (given: string) => string): Shape =>
  (value, path) => {
    const given = anyText(value, path)
    if (given === "") return words[0]
    if (typeof given === "string" && words.includes(given)) return given
    throw badRequest(refuse(String(given)))
  }

/** One of the words in lower case, the first for everything else: protobuf's zero value. */
export const known =
  (words: ReadonlyArray<string>): Shape =>
  (value) => {
    const given = typeof value === "string" ? value.toLowerCase() : ""
    return words.includes(given) ? given : words[0]
  }

export const always =
  (value: unknown): Shape =>
  () =>
    value
