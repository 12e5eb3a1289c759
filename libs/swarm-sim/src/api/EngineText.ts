/**
 * JSON as the engine writes and reads it: numbers keep their digits beyond 2^53, objects are written once per version. Decides
 * nothing about what they mean.
 */
import { at, isRecord, textAt } from "../swarm/Json.ts"
import type { EngineJson } from "../swarm/SwarmPort.ts"

/** TypeScript's library does not know raw JSON yet. */
const rawJson = JSON as unknown as {
  readonly parse: (
    text: string,
    revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown
  ) => unknown
  readonly rawJSON: (text: string) => unknown
}

/** Numbers that JavaScript would write with other digits stay as their source text (`JSON.rawJSON`). */
export const parse = (text: string): unknown =>
  rawJson.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source ? rawJson.rawJSON(source) : value
  )

/** The objects of the list below a path. */
export const objectsAt = (value: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<EngineJson> => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.filter(isRecord) : []
}

/** `ID` of Swarm's objects, `Id` of networks. */
export const idOf = (object: EngineJson): string => textAt(object, "ID") || textAt(object, "Id")

const written = new WeakMap<EngineJson, string>()

/** An object's JSON text. Objects of the store never change in place, so each version is written once. */
export const write = (object: EngineJson): string => {
  const known = written.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  written.set(object, text)
  return text
}

/** Written together until this many characters are reached: few large writes, none of which holds the process up. */
const chunkLength = 64 * 1024

/** A list as chunks of text, so that 100,000 tasks need not be one string. */
export const writeList = (objects: Iterable<EngineJson>): Generator<string> => writeTexts(texts(objects))

function* texts(objects: Iterable<EngineJson>): Generator<string> {
  for (const object of objects) yield write(object)
}

/** The same of objects whose texts are there already. */
export function* writeTexts(objects: Iterable<string>): Generator<string> {
  let pending = "["
  let separator = ""
  for (const object of objects) {
    pending += separator + object
    separator = ","
    if (pending.length >= chunkLength) {
      yield pending
      pending = ""
    }
  }
  yield `${pending}]\n`
}
