/**
 * Reads a routing table from the text of a file, in either of two forms: the whole table as the feed sends it, or the short
 * form that people write, `{"services":[{"name":"web","hosts":["web"],"endpoints":["127.0.0.1:9001"]}]}`. In the short form a
 * service is its own id, an endpoint's node is its host, and services that name the same host and path share its requests.
 * Pure; the file itself is `TableFile`'s.
 */
import { HedgeLabel } from "@evenkeel/domain/Hedging"
import { HealthLabel } from "@evenkeel/domain/HealthCheck"
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { Endpoint, Route, RoutedService, RouterPeer, RoutingTable } from "@evenkeel/domain/RoutingTable"
import { defaultLoadBalancing, LoadBalancing } from "@evenkeel/domain/LoadBalancing"
import { defaultTimeouts } from "@evenkeel/domain/Timeouts"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

/** Represents text that is no routing table: which field is wrong, and how. */
export class TableTextInvalid extends Schema.TaggedError<TableTextInvalid>()("TableTextInvalid", {
  file: Schema.String,
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.file}: ${this.field === "" ? "" : `${this.field}: `}${this.problem}`
  }
}

/** `10.0.0.1:8080`, `localhost:8080` or `[::1]:8080`. */
const HostPort = Schema.transformOrFail(
  Schema.String,
  Schema.Struct({ host: Schema.NonEmptyString, port: Schema.Int.pipe(Schema.between(1, 65_535)) }),
  {
    strict: true,
    decode: (text, _, ast) => {
      const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text)
      const host = match?.[1] ?? match?.[2]
      return host === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text, `expected host:port such as 127.0.0.1:9001, got "${text}"`))
        : ParseResult.succeed({ host, port: Number(match?.[3]) })
    },
    encode: ({ host, port }) => ParseResult.succeed(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)
  }
)

const ShortEndpoint = Schema.Union(
  HostPort,
  Schema.Struct({
    address: HostPort,
    node: Schema.optional(Schema.NonEmptyString),
    state: Schema.optional(Schema.Literal("ready", "draining"))
  })
)
type ShortEndpoint = typeof ShortEndpoint.Type

const ShortService = Schema.Struct({
  name: Schema.NonEmptyString,
  /** Default: the name. */
  hosts: Schema.optional(Schema.Array(Schema.Lowercase.pipe(Schema.compose(Schema.NonEmptyString)))),
  path: Schema.optional(Schema.String.pipe(Schema.startsWith("/"))),
  strip: Schema.optional(Schema.Boolean),
  group: Schema.optional(Schema.NonEmptyString),
  /** Default: http. */
  scheme: Schema.optional(Schema.Literal("http", "https")),
  /** For https: the name that certificates must hold for. Default: none is asked for. */
  verify: Schema.optional(Schema.NonEmptyString),
  redirect: Schema.optional(Schema.Literal("https")),
  /** Where all services that name a host and path have one, each gets its share. */
  weight: Schema.optional(Schema.NonNegativeInt),
  /** As `evenkeel.health`. */
  health: Schema.optional(HealthLabel),
  loadBalancing: Schema.optional(LoadBalancing),
  retries: Schema.optional(Schema.NonNegativeInt),
  holdMillis: Schema.optional(Schema.NonNegativeInt),
  connectMillis: Schema.optional(Schema.NonNegativeInt),
  firstByteMillis: Schema.optional(Schema.NonNegativeInt),
  idleMillis: Schema.optional(Schema.NonNegativeInt),
  totalMillis: Schema.optional(Schema.NonNegativeInt),
  /** As `evenkeel.hedge`. */
  hedge: Schema.optional(HedgeLabel),
  endpoints: Schema.Array(ShortEndpoint)
})
type ShortService = typeof ShortService.Type

const ShortTable = Schema.Struct({
  services: Schema.Array(ShortService),
  routers: Schema.optional(Schema.Array(RouterPeer))
})

const endpointOf = (service: string, short: ShortEndpoint, index: number): Endpoint => {
  const { address, node, state } = "address" in short ? short : { address: short, node: undefined, state: undefined }
  return new Endpoint({
    // Named by its address, so that it stays the same task when the file is edited elsewhere.
    task: TaskId.make(`${service}/${address.host}:${address.port}`),
    node: NodeId.make(node ?? address.host),
    slot: index + 1,
    address: address.host,
    port: address.port,
    state: state ?? "ready"
  })
}

const serviceOf = (short: ShortService): RoutedService =>
  new RoutedService({
    id: ServiceId.make(short.name),
    name: short.name,
    group: short.group ?? null,
    scheme: short.scheme ?? "http",
    verifyName: short.verify ?? null,
    loadBalancing: short.loadBalancing ?? defaultLoadBalancing,
    retries: short.retries ?? 2,
    timeouts: {
      connectMillis: short.connectMillis ?? defaultTimeouts.connectMillis,
      firstByteMillis: short.firstByteMillis ?? defaultTimeouts.firstByteMillis,
      idleMillis: short.idleMillis ?? defaultTimeouts.idleMillis,
      totalMillis: short.totalMillis ?? defaultTimeouts.totalMillis
    },
    holdMillis: short.holdMillis ?? 0,
    health: short.health ?? null,
    hedgeAfter: short.hedge ?? null,
    endpoints: short.endpoints.map((endpoint, i) => endpointOf(short.name, endpoint, i))
  })

const routesOf = (services: ReadonlyArray<ShortService>): ReadonlyArray<Route> => {
  const claims = services.flatMap((service) => {
    const hosts = service.hosts ?? [service.name.toLowerCase()]
    const group = service.group === undefined ? [] : [service.group.toLowerCase()]
    const path = service.path ?? "/"
    return [
      ...hosts.map((host) => ({ host, path, target: service.name, service })),
      ...group.map((host) => ({ host, path, target: host, service }))
    ]
  })
  return [...Map.groupBy(claims, ({ host, path }) => `${host} ${path}`).values()].flatMap((sharing) => {
    const [first, ...others] = sharing
    if (first === undefined) return []
    const weights = sharing.flatMap(({ service }) => service.weight ?? [])
    return [
      new Route({
        host: first.host,
        path: first.path,
        strip: first.service.strip ?? false,
        target: first.target,
        holdMillis: Math.max(...sharing.map(({ service }) => service.holdMillis ?? 0)),
        services: [ServiceId.make(first.service.name), ...others.map(({ service }) => ServiceId.make(service.name))],
        weights: sharing.length > 1 && weights.length === sharing.length ? weights : null,
        redirect: first.service.redirect ?? null
      })
    ]
  })
}

const decodeJson = Schema.decodeUnknownEither(Schema.parseJson())
const decodeShort = Schema.decodeUnknownEither(ShortTable, { onExcessProperty: "error" })
const decodeWhole = Schema.decodeUnknownEither(RoutingTable)

const isWhole = (value: unknown): boolean => typeof value === "object" && value !== null && "routes" in value

/** `services[0].endpoints[1]` of a path. */
const fieldOf = (path: ReadonlyArray<PropertyKey>): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}${text === "" ? "" : "."}${String(key)}`),
    ""
  )

/** The table in `text`; `file` is named in the failure. */
export const decode = (text: string, file: string): Either.Either<RoutingTable, TableTextInvalid> => {
  const invalid = (error: ParseResult.ParseError) => {
    // Where an endpoint matches neither form, the deepest complaint is the one that helps.
    const issues = ParseResult.ArrayFormatter.formatErrorSync(error)
    const [issue] = issues.toSorted((a, b) => b.path.length - a.path.length)
    return new TableTextInvalid({
      file,
      field: fieldOf(issue?.path ?? []),
      problem: issue?.message ?? "not a routing table"
    })
  }
  return Either.gen(function* () {
    const value = yield* Either.mapLeft(decodeJson(text), invalid)
    if (isWhole(value)) return yield* Either.mapLeft(decodeWhole(value), invalid)
    const { routers, services } = yield* Either.mapLeft(decodeShort(value), invalid)
    const names = services.map(({ name }) => name)
    const twice = names.findIndex((name, i) => names.indexOf(name) !== i)
    if (twice >= 0) {
      const problem = `the service ${names[twice] ?? ""} occurs twice; put its endpoints into one entry`
      return yield* Either.left(new TableTextInvalid({ file, field: `services[${twice}].name`, problem }))
    }
    return new RoutingTable({
      services: services.map(serviceOf),
      routes: routesOf(services),
      routers: routers ?? [],
      problems: []
    })
  })
}
