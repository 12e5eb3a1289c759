/** Durations as people write them in labels and flags: `500ms`, `30s`, `2m`, `1h`. Decoded to whole milliseconds. */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

const unitMillis = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `30s` ⇄ 30000. A number without a unit is refused: nobody should have to guess it. */
export const DurationMillis = Schema.transformOrFail(Schema.String, Schema.NonNegativeInt, {
  strict: true,
  decode: (text, _, ast) => {
    const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text.trim())
    if (match === null)
      return ParseResult.fail(new ParseResult.Type(ast, text, `expected a duration such as 500ms, 30s, 2m or 1h`))
    return ParseResult.succeed(Math.round(Number(match[1]) * unitMillis[match[2] as keyof typeof unitMillis]))
  },
  encode: (millis) => ParseResult.succeed(millis % 1_000 === 0 ? `${millis / 1_000}s` : `${millis}ms`)
}).annotations({ identifier: "DurationMillis" })

/** `4.2 s`, `350 ms`: for people; two significant places at most. */
export const formatMillis = (millis: number): string =>
  millis < 1_000 ? `${Math.round(millis)} ms` : `${(millis / 1_000).toFixed(millis < 10_000 ? 1 : 0)} s`
