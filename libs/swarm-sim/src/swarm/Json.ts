/**
 * Reading parsed JSON whose large numbers may be raw (`JSON.rawJSON`), and making raw numbers plain where nothing is lost. Knows
 * no Engine object.
 */
import type { EngineJson } from "./SwarmPort.ts"

/** TypeScript's library does not know raw JSON yet. */
const rawJson = JSON as unknown as {
  readonly isRawJSON: (value: unknown) => boolean
  readonly rawJSON: (text: string) => unknown
}

export const isRaw = (value: unknown): value is { readonly rawJSON: string } => rawJson.isRawJSON(value)

export const isRecord = (value: unknown): value is EngineJson =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRaw(value)

/** The value of nested fields; undefined as soon as one is missing. */
export const at = (json: unknown, ...path: ReadonlyArray<string>): unknown => {
  let value = json
  for (const name of path) {
    if (!isRecord(value)) return undefined
    value = value[name]
  }
  return value
}

export const textAt = (json: unknown, ...path: ReadonlyArray<string>): string => {
  const value = at(json, ...path)
  return typeof value === "string" ? value : ""
}

/** The number, rounded to what JavaScript can hold; null for anything else. */
export const numberOf = (value: unknown): number | null => {
  if (typeof value === "number") return value
  return isRaw(value) ? Number(value.rawJSON) : null
}

export const numberAt = (json: unknown, ...path: ReadonlyArray<string>): number | null => numberOf(at(json, ...path))

export const listAt = (json: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const value = at(json, ...path)
  return Array.isArray(value) ? value : []
}

export const recordAt = (json: unknown, ...path: ReadonlyArray<string>): EngineJson => {
  const value = at(json, ...path)
  return isRecord(value) ? value : {}
}

/** Texts of a map such as `Labels`. */
export const textsAt = (json: unknown, ...path: ReadonlyArray<string>): Readonly<Record<string, string>> => {
  const texts: Record<string, string> = {}
  for (const [key, value] of Object.entries(recordAt(json, ...path))) if (typeof value === "string") texts[key] = value
  return texts
}

/** A duration that the engine writes in nanoseconds, in milliseconds; null when absent. */
export const durationAt = (json: unknown, ...path: ReadonlyArray<string>): number | null => {
  const nanos = numberAt(json, ...path)
  return nanos === null ? null : nanos / 1e6
}

/** Replaces raw numbers by plain ones where JavaScript holds them exactly; the others stay raw, to the digit. */
export const withPlainNumbers = (value: unknown): unknown => {
  if (isRaw(value)) {
    const plain = Number(value.rawJSON)
    return Number.isSafeInteger(plain) || !Number.isInteger(plain) ? plain : value
  }
  if (Array.isArray(value)) return value.map(withPlainNumbers)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withPlainNumbers(field)]))
}

/** Replaces all raw numbers, for readers that know only plain ones. */
export const withRoundedNumbers = (value: unknown): unknown => {
  if (isRaw(value)) return Number(value.rawJSON)
  if (Array.isArray(value)) return value.map(withRoundedNumbers)
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withRoundedNumbers(field)]))
}
