/**
 * The `evenkeel.*` labels of a service, decoded one by one: a wrong one is reported against its service, keeps its default
 * and affects neither the service's other labels nor any other service. Labels of moves (`evenkeel.journal.*`) are not read
 * here.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DurationMillis } from "./Durations.ts"
import { HealthLabel } from "./HealthCheck.ts"
import { LoadBalancing } from "./LoadBalancing.ts"

export const labelPrefix = "evenkeel."
export const journalPrefix = "evenkeel.journal."

const commaSeparated = Schema.transform(Schema.String, Schema.Array(Schema.String), {
  strict: true,
  decode: (text) =>
    text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  encode: (parts) => parts.join(",")
})

/** A host name as RFC 3986 §3.2.2 allows it in `Host`, lower case, without a port. Underscores occur in service names. */
const HostName = Schema.String.pipe(
  Schema.pattern(/^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?$/, {
    message: () => "expected a host name, lower case, without a port"
  })
)

const Flag = Schema.transform(Schema.Literal("true", "false"), Schema.Boolean, {
  strict: true,
  decode: (text) => text === "true",
  encode: (flag) => (flag ? ("true" as const) : ("false" as const))
})

/** Time-outs of a request in milliseconds: to connect, to the first byte of a try's response, between bytes afterwards. */
export const Timeouts = Schema.Struct({
  connectMillis: Schema.NonNegativeInt,
  firstByteMillis: Schema.NonNegativeInt,
  idleMillis: Schema.NonNegativeInt
})
export type Timeouts = typeof Timeouts.Type

/** connect 1 s, first byte 30 s, idle 60 s. */
export const defaultTimeouts: Timeouts = { connectMillis: 1_000, firstByteMillis: 30_000, idleMillis: 60_000 }

const timeoutFields = {
  connect: "connectMillis",
  "first-byte": "firstByteMillis",
  idle: "idleMillis"
} as const

/** `connect 1s first-byte 30s idle 60s`: any of the three, in any order; what is left out keeps its default. */
const TimeoutsLabel = Schema.transformOrFail(Schema.String, Timeouts, {
  strict: true,
  decode: (text, _, ast) => {
    const words = text.trim().split(/\s+/)
    const result: { -readonly [K in keyof Timeouts]: number } = { ...defaultTimeouts }
    for (let i = 0; i < words.length; i += 2) {
      const field = timeoutFields[words[i] as keyof typeof timeoutFields]
      const millis = Schema.decodeUnknownEither(DurationMillis)(words[i + 1] ?? "")
      if (field === undefined || Either.isLeft(millis))
        return ParseResult.fail(new ParseResult.Type(ast, text, "expected e.g. `connect 1s first-byte 30s idle 60s`"))
      result[field] = millis.right
    }
    return ParseResult.succeed(result)
  },
  encode: (t) =>
    ParseResult.succeed(`connect ${t.connectMillis}ms first-byte ${t.firstByteMillis}ms idle ${t.idleMillis}ms`)
})

/** `off` or the number of further tries; 2 by default. */
const RetriesLabel = Schema.Union(
  Schema.transform(Schema.Literal("off"), Schema.Literal(0), {
    strict: true,
    decode: () => 0 as const,
    encode: () => "off" as const
  }),
  Schema.NumberFromString.pipe(Schema.int(), Schema.between(0, 10))
)

const Port = Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 65_535))

const PathPrefix = Schema.String.pipe(
  Schema.pattern(/^\/[^\s?#]*$/, { message: () => "expected a path that begins with /" })
)

/** Label name (without the prefix) → how its text is read. */
const labelSchemas = {
  rebalance: Schema.Literal("auto", "off", "force"),
  cost: Schema.NumberFromString.pipe(Schema.finite(), Schema.nonNegative()),
  group: HostName,
  role: Schema.Literal("router"),
  port: Port,
  scheme: Schema.Literal("http", "https"),
  /** With `scheme=https`: the name for which a task's certificate must hold, or that none is asked for. */
  verify: Schema.Union(Schema.Literal("off"), HostName),
  network: Schema.NonEmptyString,
  host: commaSeparated.pipe(Schema.compose(Schema.Array(HostName))),
  path: PathPrefix,
  strip: Flag,
  redirect: Schema.Literal("https"),
  weight: Schema.NumberFromString.pipe(Schema.int(), Schema.between(0, 1_000)),
  lb: LoadBalancing,
  health: HealthLabel,
  retry: RetriesLabel,
  timeout: TimeoutsLabel,
  hedge: Schema.Literal("p95"),
  hold: DurationMillis
} as const

type LabelName = keyof typeof labelSchemas

export type ServiceLabels = {
  readonly [K in LabelName]?: Schema.Schema.Type<(typeof labelSchemas)[K]>
}

/** A label that could not be read: its full name, its text, and what was expected. */
export class LabelProblem extends Schema.Class<LabelProblem>("LabelProblem")({
  label: Schema.String,
  text: Schema.String,
  expected: Schema.String
}) {}

/**
 * Reads all `evenkeel.*` labels. `problems` names each one that is unknown or malformed; `labels` holds the good ones.
 */
export const decode = (
  labels: Readonly<Record<string, string>>
): { readonly labels: ServiceLabels; readonly problems: ReadonlyArray<LabelProblem> } => {
  const decoded: Record<string, unknown> = {}
  const problems: Array<LabelProblem> = []
  for (const [label, text] of Object.entries(labels)) {
    if (!label.startsWith(labelPrefix) || label.startsWith(journalPrefix)) continue
    const name = label.slice(labelPrefix.length)
    if (!Object.hasOwn(labelSchemas, name)) {
      const expected = `one of ${Object.keys(labelSchemas).join(", ")} after ${labelPrefix}`
      problems.push(new LabelProblem({ label, text, expected }))
      continue
    }
    const schema = labelSchemas[name as LabelName] as Schema.Schema<unknown, string>
    const result = Schema.decodeUnknownEither(schema)(text)
    if (Either.isRight(result)) decoded[name] = result.right
    else
      problems.push(
        new LabelProblem({
          label,
          text,
          expected: ParseResult.ArrayFormatter.formatErrorSync(result.left)[0]?.message ?? "another value"
        })
      )
  }
  return { labels: decoded as ServiceLabels, problems }
}
