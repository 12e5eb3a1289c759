/**
 * The time-outs that a service asks for by `evenkeel.timeout`, as text and as a value. What follows when one of them has passed is the
 * router's to decide.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DurationMillis } from "./Durations.ts"

/**
 * In milliseconds: to connect, to the first byte of a try's response, between bytes afterwards; and from the head of the request to
 * the end of the response, further tries and waiting included, 0 for no bound.
 */
export const Timeouts = Schema.Struct({
  connectMillis: Schema.NonNegativeInt,
  firstByteMillis: Schema.NonNegativeInt,
  idleMillis: Schema.NonNegativeInt,
  /** Came in a later release than the others. */
  totalMillis: Schema.optionalWith(Schema.NonNegativeInt, { default: () => 0 })
})
export type Timeouts = typeof Timeouts.Type

/** connect 1 s, first byte 30 s, idle 60 s, no bound for the whole. */
export const defaultTimeouts: Timeouts = {
  connectMillis: 1_000,
  firstByteMillis: 30_000,
  idleMillis: 60_000,
  totalMillis: 0
}

const fields: ReadonlyMap<string, keyof Timeouts> = new Map([
  ["connect", "connectMillis"],
  ["first-byte", "firstByteMillis"],
  ["idle", "idleMillis"],
  ["total", "totalMillis"]
])

const expected = "expected e.g. `connect 1s first-byte 30s idle 60s total 2m`"

/** `connect 1s first-byte 30s idle 60s total 2m`: any of the four, in any order; what is left out keeps its default. */
export const TimeoutsLabel = Schema.transformOrFail(Schema.String, Schema.typeSchema(Timeouts), {
  strict: true,
  decode: (text, _, ast) => {
    const words = text.trim().split(/\s+/)
    const result: { -readonly [K in keyof Timeouts]: number } = { ...defaultTimeouts }
    for (let i = 0; i < words.length; i += 2) {
      const field = fields.get(words[i] ?? "")
      const millis = Schema.decodeUnknownEither(DurationMillis)(words[i + 1] ?? "")
      if (field === undefined || Either.isLeft(millis))
        return ParseResult.fail(new ParseResult.Type(ast, text, expected))
      result[field] = millis.right
    }
    return ParseResult.succeed(result)
  },
  encode: (t) => {
    const total = t.totalMillis === 0 ? "" : ` total ${t.totalMillis}ms`
    return ParseResult.succeed(
      `connect ${t.connectMillis}ms first-byte ${t.firstByteMillis}ms idle ${t.idleMillis}ms${total}`
    )
  }
})
