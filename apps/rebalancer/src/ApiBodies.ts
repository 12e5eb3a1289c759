/** What the API takes: shapes of request bodies, each with its defaults. A field that is not known is refused, not ignored. */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DurationMillis } from "@evenkeel/domain/Durations"
import { Plan } from "@evenkeel/domain/Plan"
import { SettingsOverrides } from "@evenkeel/executor/brakes/BrakeSettings"

const text = Schema.String.pipe(Schema.maxLength(200))

/** Who asks, for whoever reads it later. */
const by = Schema.optionalWith(text, { default: () => "the API" })

export const PauseBody = Schema.Struct({
  /** Name or id. Default: all services. */
  service: Schema.optional(text),
  because: Schema.optionalWith(text, { default: () => "" }),
  /** `30m`, `2h`. Default: until somebody resumes. */
  for: Schema.optional(DurationMillis),
  by
})

export const ResumeBody = Schema.Struct({
  /** Name or id. Default: the pause of all services. */
  service: Schema.optional(text),
  by
})

export const PolicyBody = Schema.Struct({
  /** All that is to differ from the environment; what is not named goes back to it. */
  settings: SettingsOverrides,
  /** The revision that was looked at: refused with 409 where another holds. Default: not compared. */
  revision: Schema.optional(Schema.Int),
  by
})

/** A plan as `GET /v1/plan` and `evenkeel plan --out` give it. */
export const ApplyBody = Plan

/** The body read, or why it cannot be. An empty one counts as `{}`. */
export const read = <A, I>(
  schema: Schema.Schema<A, I>,
  body: string,
  onExcessProperty: "error" | "ignore" = "error"
): Either.Either<A, string> =>
  Either.mapLeft(
    Schema.decodeUnknownEither(Schema.parseJson(schema), { onExcessProperty })(body.trim() === "" ? "{}" : body),
    (error) => {
      const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
      const where = first === undefined || first.path.length === 0 ? "the body" : `field ${first.path.join(".")}`
      return `${where}: ${first?.message.split("\n")[0] ?? "cannot be read"}`
    }
  )
