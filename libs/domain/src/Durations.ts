/** Durations as people write them in labels and flags: `500ms`, `30s`, `2m`, `1h`. Decoded to whole milliseconds. */
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as DurationText from "./DurationText.ts"

/** `30s` ⇄ 30000. A number without a unit is refused: nobody should have to guess it. */
export const DurationMillis = Schema.transformOrFail(Schema.String, Schema.NonNegativeInt, {
  strict: true,
  decode: (text, _, ast) => {
    const millis = DurationText.parse(text)
    return millis === null
      ? ParseResult.fail(new ParseResult.Type(ast, text, DurationText.expected))
      : ParseResult.succeed(millis)
  },
  encode: (millis) => ParseResult.succeed(millis % 1_000 === 0 ? `${millis / 1_000}s` : `${millis}ms`)
}).annotations({ identifier: "DurationMillis" })

/** `4.2 s`, `350 ms`: for people; two significant places at most. */
export const formatMillis = (millis: number): string =>
  millis < 1_000 ? `${Math.round(millis)} ms` : `${(millis / 1_000).toFixed(millis < 10_000 ? 1 : 0)} s`
