/**
 * The `filters` parameter of the Engine API: both of its spellings, which keys a list accepts, and how values are matched (moby
 * `daemon/internal/filters/parse.go`, swarmkit `manager/controlapi/common.go`). Knows no object.
 */
import { isRecord } from "../swarm/Json.ts"
import { EngineRefusal } from "./EngineRefusal.ts"
import { kindOf, textError } from "./GoJson.ts"

const invalid = (formerly: string): EngineRefusal => new EngineRefusal(400, "invalid filter", formerly)

const invalidKey = (key: string): EngineRefusal =>
  new EngineRefusal(400, `invalid filter '${key}'`, `Invalid filter '${key}'`)

export class Filters {
  readonly #values: ReadonlyMap<string, ReadonlyArray<string>>

  constructor(values: ReadonlyMap<string, ReadonlyArray<string>>) {
    this.#values = values
  }

  /** `{"name":{"a":true}}` and the older `{"name":["a"]}`. Throws EngineRefusal 400. */
  static parse(text: string | null): Filters {
    if (text === null || text === "") return new Filters(new Map())
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      throw invalid(textError(text))
    }
    if (!isRecord(json))
      throw invalid(`json: cannot unmarshal ${kindOf(json)} into Go value of type map[string][]string`)
    const values = new Map<string, ReadonlyArray<string>>()
    for (const [key, value] of Object.entries(json)) {
      if (Array.isArray(value) && value.every((item) => typeof item === "string")) values.set(key, [...new Set(value)])
      else if (isRecord(value)) values.set(key, Object.keys(value))
      else throw invalid(`json: cannot unmarshal ${kindOf(value)} into Go value of type []string`)
    }
    return new Filters(values)
  }

  /** Throws EngineRefusal 400 for a key that the list does not know. */
  accept(...keys: ReadonlyArray<string>): this {
    for (const key of this.#values.keys()) if (!keys.includes(key)) throw invalidKey(key)
    return this
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  get(key: string): ReadonlyArray<string> {
    return this.#values.get(key) ?? []
  }

  /** Whether one of the values is the text, or there are none. */
  equals(key: string, text: string): boolean {
    const values = this.get(key)
    return values.length === 0 || values.includes(text)
  }

  /** Whether the text begins with one of the values, or there are none. */
  prefixes(key: string, text: string): boolean {
    const values = this.get(key)
    return values.length === 0 || values.some((value) => text.startsWith(value))
  }

  /** Whether one of the values is found in the text: as a regular expression where it is one, or there are none. */
  matches(key: string, text: string): boolean {
    const values = this.get(key)
    return values.length === 0 || values.some((value) => found(value, text))
  }

  /** Whether all of `key=value` and `key` hold of the labels. */
  labels(key: string, labels: Readonly<Record<string, string>>): boolean {
    return this.get(key).every((pair) => {
      const at = pair.indexOf("=")
      const name = at < 0 ? pair : pair.slice(0, at)
      const value = at < 0 ? "" : pair.slice(at + 1)
      return Object.hasOwn(labels, name) && (value === "" || labels[name] === value)
    })
  }
}

const found = (value: string, text: string): boolean => {
  if (text.includes(value)) return true
  try {
    return new RegExp(value).test(text)
  } catch {
    return false
  }
}
