/**
 * When a second task is asked as well (`evenkeel.hedge`), as text and as a value. Which requests may be sent twice, and what becomes of
 * the slower answer, is the router's to decide.
 */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DurationMillis } from "./Durations.ts"

/** Milliseconds without an answer; `p95`: the time in which 19 of 20 of the service's latest requests began to be answered. */
export const HedgeDelay = Schema.Union(Schema.Literal("p95"), Schema.NonNegativeInt)
export type HedgeDelay = typeof HedgeDelay.Type

const expected = "expected p95, or a duration from 1ms such as 50ms"

/** The label's text ⇄ the delay. 0 is refused: it would send every request twice. */
export const HedgeLabel = Schema.transformOrFail(Schema.String, HedgeDelay, {
  strict: true,
  decode: (text, _, ast) => {
    if (text.trim() === "p95") return ParseResult.succeed("p95" as const)
    const millis = Schema.decodeUnknownOption(DurationMillis)(text)
    if (millis._tag === "None" || millis.value === 0) return ParseResult.fail(new ParseResult.Type(ast, text, expected))
    return ParseResult.succeed(millis.value)
  },
  encode: (delay) => ParseResult.succeed(delay === "p95" ? delay : `${delay}ms`)
})
