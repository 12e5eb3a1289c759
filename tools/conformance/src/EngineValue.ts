/**
 * JSON of the Engine API as plain values, and how to reach into it. No schema: what the engine sends is compared as it is,
 * and a field that is missing reads as undefined.
 */

export type EngineObject = { readonly [key: string]: unknown }

/** TypeScript's library does not know raw JSON yet. */
const rawJson = JSON as unknown as {
  readonly isRawJSON: (value: unknown) => boolean
  readonly rawJSON: (text: string) => unknown
}

export const isObject = (value: unknown): value is EngineObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !rawJson.isRawJSON(value)

/** The value below a path of keys; undefined where the path ends early. */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown => {
  let found: unknown = value
  for (const key of path) {
    if (!isObject(found)) return undefined
    found = found[key]
  }
  return found
}

/** The text below a path; empty where there is none. */
export const textAt = (value: unknown, ...path: ReadonlyArray<string>): string => {
  const found = at(value, ...path)
  return typeof found === "string" ? found : ""
}

/** The number below a path, raw JSON numbers included; undefined where there is none. */
export const numberAt = (value: unknown, ...path: ReadonlyArray<string>): number | undefined => {
  const found = at(value, ...path)
  if (typeof found === "number") return found
  return rawJson.isRawJSON(found) ? Number(JSON.stringify(found)) : undefined
}

export const listOf = (value: unknown): ReadonlyArray<EngineObject> =>
  Array.isArray(value) ? value.filter(isObject) : []

/** JSON text as a value whose numbers keep their source text, so that writing it out again changes nothing. */
export const parse = (text: string): unknown => JSON.parse(text, keepSource)

/** The third argument is newer than TypeScript's library. */
const keepSource = (
  _key: string,
  value: unknown,
  ...[context]: ReadonlyArray<{ readonly source?: string }>
): unknown => (typeof value === "number" && context?.source !== undefined ? rawJson.rawJSON(context.source) : value)

/** The value of an answer's text, or the text itself where it is not JSON. */
export const parseOrText = (text: string): unknown => {
  try {
    return parse(text)
  } catch {
    return text
  }
}

/** RFC 7396: objects are merged key by key, null removes a key, everything else (arrays too) replaces what was there. */
export const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (!isObject(patch)) return patch
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatch(merged[key], value)
  }
  return merged
}

/** The same JSON with the keys of every object sorted: equal values have equal texts. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value)) ?? "null"

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, each]) => [key, sorted(each)])
  )
}

/** Which fields a value has, and of what type; of a list the shapes of its items. */
export const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return [...new Map(value.map(shapeOf).map((each) => [canonical(each), each])).values()]
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]))
  if (value === null) return "null"
  return rawJson.isRawJSON(value) ? "number" : typeof value
}
