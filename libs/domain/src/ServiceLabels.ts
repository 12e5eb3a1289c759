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
import { HedgeLabel } from "./Hedging.ts"
import { LoadBalancing } from "./LoadBalancing.ts"
import { TimeoutsLabel } from "./Timeouts.ts"

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
  /** `stop-first`: no two tasks of a slot may run at once, so a moved one ends before its successor starts. */
  order: Schema.Literal("start-first", "stop-first"),
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
  hedge: HedgeLabel,
  hold: DurationMillis
} as const

type LabelName = keyof typeof labelSchemas

/** All labels that are read, by full name. */
export const labelNames: ReadonlyArray<string> = Object.keys(labelSchemas).map((name) => labelPrefix + name)

export type ServiceLabels = {
  readonly [K in LabelName]?: Schema.Schema.Type<(typeof labelSchemas)[K]>
}

/** Labels that do nothing alone: name → those of which one must be there for it. */
const needs: ReadonlyMap<string, ReadonlyArray<LabelName>> = new Map([
  ["strip", ["path"]],
  ["redirect", ["host", "path"]],
  ["weight", ["host", "path"]]
])

/** Labels that mean something for services that are not routable as well. */
const withoutPort: ReadonlySet<string> = new Set(["port", "rebalance", "cost", "group", "order", "role"])

/** What is missing for the label to have an effect, or undefined. */
const missingFor = (name: string, present: Readonly<Record<string, unknown>>): string | undefined => {
  if (present["port"] === undefined && !withoutPort.has(name)) return `${labelPrefix}port`
  const needed = needs.get(name)
  if (name === "verify" && present["scheme"] !== "https") return `${labelPrefix}scheme=https`
  return needed === undefined || needed.some((other) => present[other] !== undefined)
    ? undefined
    : needed.map((other) => labelPrefix + other).join(" or ")
}

/** A label that could not be read, or does nothing as it stands: its full name, its text, and what was expected. */
export class LabelProblem extends Schema.Class<LabelProblem>("LabelProblem")({
  label: Schema.String,
  text: Schema.String,
  expected: Schema.String
}) {}

/**
 * Reads all `evenkeel.*` labels. `problems` names each one that is unknown, malformed, or without effect since another is missing;
 * `labels` holds all that could be read.
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
  for (const name of Object.keys(decoded)) {
    const missing = missingFor(name, decoded)
    // Where the other one is there and wrong, that is reported already.
    if (missing === undefined || labels[missing] !== undefined) continue
    const label = labelPrefix + name
    const expected = `it has no effect without ${missing}`
    problems.push(new LabelProblem({ label, text: labels[label] ?? "", expected }))
  }
  return { labels: decoded as ServiceLabels, problems }
}
