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
  /** `30m`, `2h`; of no time it would be none. Default: until somebody resumes. */
  for: Schema.optional(DurationMillis.pipe(Schema.positive())),
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

/** A plan as `GET /v1/plan` and `evenkeel plan --out` give it; what else is in it may be left out. */
export const ApplyBody = Schema.Struct({ basedOn: Plan.fields.basedOn, moves: Plan.fields.moves })

/** Of a longer reason the beginning: it may quote what was sent. */
const longestReason = 200

const json = (body: string): Either.Either<object, string> => {
  const parsed = Either.try({
    try: (): unknown => JSON.parse(body.trim() === "" ? "{}" : body),
    catch: (error) => `the body: ${error instanceof Error ? error.message : String(error)}`
  })
  return Either.filterOrLeft(
    parsed,
    (value): value is object => typeof value === "object" && value !== null && !Array.isArray(value),
    () => "the body: expected a JSON object"
  )
}

/** The body read, or why it cannot be. An empty one counts as `{}`. */
export const read = <A, I>(
  schema: Schema.Schema<A, I>,
  body: string,
  onExcessProperty: "error" | "ignore" = "error"
): Either.Either<A, string> =>
  Either.flatMap(json(body), (object) =>
    Either.mapLeft(Schema.decodeUnknownEither(schema, { onExcessProperty })(object), (error) => {
      const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
      const field = issues[0]?.path.join(".") ?? ""
      // A value of several possible ones has an issue for each.
      const reasons = issues.filter(({ path }) => path.join(".") === field).map(({ message }) => message.split("\n")[0])
      const reason = reasons.join("; or ")
      const shown = reason.length > longestReason ? `${reason.slice(0, longestReason)}…` : reason
      return `field ${field}: ${shown}`
    })
  )
