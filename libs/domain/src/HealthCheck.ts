/**
 * The active check that `evenkeel.health` asks for, as text and as a value: `GET /healthz every 2s timeout 1s fall 3 rise 2`.
 * Only method and path must be there; the rest may follow in any order. Who checks, and what follows from an answer, is the
 * router's to decide.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DurationMillis } from "./Durations.ts"

/** From each router to each task. Any answer of 200 to 399 is good, anything else and silence are not. */
export const HealthCheck = Schema.Struct({
  method: Schema.Literal("GET", "HEAD"),
  path: Schema.String,
  /** Between two checks of one task; spread by a tenth either way. */
  everyMillis: Schema.NonNegativeInt,
  /** From the attempt to connect to the end of the answer's head. */
  timeoutMillis: Schema.NonNegativeInt,
  /** Bad answers in a row that put a task out. */
  fall: Schema.NonNegativeInt,
  /** Good answers in a row that bring it back. */
  rise: Schema.NonNegativeInt
})
export type HealthCheck = typeof HealthCheck.Type

const defaults = { everyMillis: 5_000, timeoutMillis: 2_000, fall: 3, rise: 2 }
const shortestIntervalMillis = 100
const mostInARow = 100

const expected = "expected e.g. `GET /healthz every 2s timeout 1s fall 3 rise 2`"

const durations = { every: "everyMillis", timeout: "timeoutMillis" } as const
const counts = { fall: "fall", rise: "rise" } as const

/** The value of one setting, or undefined where its text is wrong. */
const settingOf = (word: string, text: string): Partial<typeof defaults> | undefined => {
  if (Object.hasOwn(durations, word)) {
    const millis = Schema.decodeUnknownEither(DurationMillis)(text)
    const key = durations[word as keyof typeof durations]
    return Either.isRight(millis) && millis.right >= shortestIntervalMillis ? { [key]: millis.right } : undefined
  }
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  const isCount = Object.hasOwn(counts, word) && count >= 1 && count <= mostInARow
  return isCount ? { [counts[word as keyof typeof counts]]: count } : undefined
}

/** The label's text ⇄ the check. Times of less than 100 ms are refused: a check must not become the load. */
export const HealthLabel = Schema.transformOrFail(Schema.String, HealthCheck, {
  strict: true,
  decode: (text, _, ast) => {
    const wrong = () => ParseResult.fail(new ParseResult.Type(ast, text, expected))
    const [method, path, ...words] = text.trim().split(/\s+/)
    if ((method !== "GET" && method !== "HEAD") || path === undefined || !/^\/[\x21-\x7e]*$/.test(path)) return wrong()
    let settings = defaults
    for (let i = 0; i < words.length; i += 2) {
      const setting = settingOf(words[i] ?? "", words[i + 1] ?? "")
      if (setting === undefined) return wrong()
      settings = { ...settings, ...setting }
    }
    return ParseResult.succeed({ method, path, ...settings } as const)
  },
  encode: (check) =>
    ParseResult.succeed(
      `${check.method} ${check.path} every ${check.everyMillis}ms timeout ${check.timeoutMillis}ms fall ${check.fall} rise ${check.rise}`
    )
})
