/**
 * The router's settings, read from environment variables of which every one has a default (`RouterUsage` lists them). What a
 * setting does is decided where it is used.
 */
import * as Feed from "@evenkeel/feed/FeedProtocol"
import { DurationMillis } from "@evenkeel/domain/Durations"
import { NodeId } from "@evenkeel/domain/Ids"
import * as Logging from "@evenkeel/observability/Logging"
import * as Settings from "@evenkeel/observability/Settings"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { BlockList, isIP } from "node:net"
import { hostname } from "node:os"

export interface RouterConfig {
  readonly nodeId: NodeId
  readonly nodeHostname: string
  readonly host: string
  readonly port: number
  readonly adminHost: string
  readonly adminPort: number
  readonly heartbeatHost: string
  readonly heartbeatPort: number
  readonly feedUrls: ReadonlyArray<string>
  /** Null where `feedUrls` are given instead. */
  readonly feedDns: string | null
  readonly feedPort: number
  readonly token: Option.Option<Redacted.Redacted>
  readonly trustedProxies: ReadonlyArray<string>
  /** Items `certificate:key` or directories; none: no TLS. */
  readonly tlsCertificates: ReadonlyArray<string>
  readonly tlsPort: number
  readonly httpsPort: number
  /** PEM. */
  readonly upstreamAuthorities: Option.Option<string>
  readonly stickyKey: Option.Option<Redacted.Redacted>
  /** The share of requests that is logged; 0 is off. */
  readonly accessLogRate: number
  /** A path, or `-` for standard output. */
  readonly accessLogTo: string
  /** Of a collector of traces, `http://collector:4318`; null: no traces. */
  readonly otlpEndpoint: string | null
  /** The share of the traces beginning here that are exported. */
  readonly traceRate: number
  /** Where the last table is kept for a restart; null: nowhere. */
  readonly tableCache: string | null
  readonly tableMaxAgeMillis: number
  /** The name that the rebalancers' certificate holds for; null: feeds found by DNS are not spoken to over TLS. */
  readonly feedTlsName: string | null
  /** PEM of the authorities for feeds over TLS. */
  readonly feedAuthorities: Option.Option<string>
  /** Bounds beyond which requests are answered 503; of both for one client 0 is none. */
  readonly maxConnections: number
  readonly maxClientConnections: number
  readonly maxClientRequests: number
  readonly maxServiceRequests: number
  /** Processes that take requests; 1: this one. */
  readonly workers: number
  readonly drainDeadlineMillis: number
  readonly logLevel: Logging.Level
}

/** An address, or a network in CIDR notation. */
const isNetwork = (text: string): boolean => {
  const [address = "", prefix, ...rest] = text.split("/")
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  if (!/^\d{1,3}$/.test(prefix)) return false
  try {
    new BlockList().addSubnet(address, Number(prefix), family === 4 ? "ipv4" : "ipv6")
    return true
  } catch {
    return false
  }
}

const words = (variable: string, expected: string, isGood: (word: string) => boolean) =>
  Settings.parsed(variable, expected, (text) => {
    const list = text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "")
    return list.every(isGood) ? list : undefined
  }).pipe(Config.withDefault<ReadonlyArray<string>>([]))

const isFeedUrl = (text: string): boolean => URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)

const duration = (variable: string, byDefault: number) =>
  Settings.parsed(variable, "a duration such as 500ms, 8s or 2m", (text) =>
    Option.getOrUndefined(Either.getRight(Schema.decodeUnknownEither(DurationMillis)(text)))
  ).pipe(Config.withDefault(byDefault))

/** A whole number from `least` on. */
const bound = (variable: string, least: number, byDefault: number) =>
  Settings.parsed(variable, `a whole number from ${least} to 9999999`, (text) =>
    /^\d{1,7}$/.test(text) && Number(text) >= least ? Number(text) : undefined
  ).pipe(Config.withDefault(byDefault))

/** `off`, `all`, or `sampled:0.01`, as a share. */
const accessLogRate = Settings.parsed(
  "EVENKEEL_ROUTER_ACCESS_LOG",
  "off, all or sampled:<rate above 0, up to 1>",
  (text) => {
    if (text === "off") return 0
    if (text === "all") return 1
    const rate = /^sampled:(0?\.\d{1,9}|1(?:\.0*)?)$/.exec(text)?.[1]
    return rate !== undefined && Number(rate) > 0 ? Number(rate) : undefined
  }
).pipe(Config.withDefault(0))

const share = (variable: string, byDefault: number) =>
  Settings.parsed(variable, "a number from 0 to 1", (text) => {
    const value = /^\d?\.?\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= 0 && value <= 1 ? value : undefined
  }).pipe(Config.withDefault(byDefault))

const httpUrl = (variable: string) =>
  Config.option(
    Settings.parsed(variable, "a URL such as http://collector:4318", (text) =>
      URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? text : undefined
    )
  )

/** Authorities as PEM. */
const authorities = (variable: string) =>
  Config.option(
    Settings.parsed(variable, "certificates in PEM", (text) => (text.includes("BEGIN CERTIFICATE") ? text : undefined))
  )

const isCertificateItem = (text: string): boolean => /^[^:]+(?::[^:]+)?$/.test(text)

const text = (variable: string, byDefault: string) => Config.string(variable).pipe(Config.withDefault(byDefault))
const port = (variable: string, byDefault: number) => Settings.port(variable).pipe(Config.withDefault(byDefault))

const config: Config.Config<RouterConfig> = Config.all({
  nodeId: Config.map(text("EVENKEEL_NODE_ID", hostname()), (id) => NodeId.make(id)),
  nodeHostname: text("EVENKEEL_NODE_HOSTNAME", hostname()),
  host: text("EVENKEEL_ROUTER_HOST", "0.0.0.0"),
  port: port("EVENKEEL_ROUTER_PORT", 8080),
  adminHost: text("EVENKEEL_ROUTER_ADMIN_HOST", "0.0.0.0"),
  adminPort: port("EVENKEEL_ROUTER_ADMIN_PORT", 9080),
  heartbeatHost: text("EVENKEEL_ROUTER_HEARTBEAT_HOST", "0.0.0.0"),
  heartbeatPort: port("EVENKEEL_ROUTER_HEARTBEAT_PORT", 9081),
  feedUrls: words("EVENKEEL_FEED_URLS", "URLs such as ws://10.0.0.5:7070/feed", isFeedUrl),
  feedDns: Config.option(Config.string("EVENKEEL_FEED_DNS")),
  feedPort: port("EVENKEEL_FEED_PORT", Feed.defaultPort),
  token: Config.option(Config.redacted("EVENKEEL_TOKEN")),
  trustedProxies: words("EVENKEEL_ROUTER_TRUSTED_PROXIES", "addresses or CIDRs such as 10.0.0.0/8", isNetwork),
  tlsCertificates: words(
    "EVENKEEL_ROUTER_TLS_CERTIFICATES",
    "certificate:key or a directory, such as /run/secrets/site.crt:/run/secrets/site.key",
    isCertificateItem
  ),
  tlsPort: port("EVENKEEL_ROUTER_TLS_PORT", 8443),
  httpsPort: port("EVENKEEL_ROUTER_HTTPS_PORT", 443),
  upstreamAuthorities: authorities("EVENKEEL_ROUTER_UPSTREAM_CA"),
  stickyKey: Config.option(Config.redacted("EVENKEEL_ROUTER_STICKY_KEY")),
  accessLogRate,
  accessLogTo: text("EVENKEEL_ROUTER_ACCESS_LOG_TO", "-"),
  otlpEndpoint: Config.map(httpUrl("EVENKEEL_OTLP_ENDPOINT"), Option.getOrNull),
  traceRate: share("EVENKEEL_ROUTER_TRACE_RATE", 0.01),
  tableCache: Config.map(Config.option(Config.string("EVENKEEL_ROUTER_TABLE_CACHE")), Option.getOrNull),
  tableMaxAgeMillis: duration("EVENKEEL_ROUTER_TABLE_MAX_AGE", 3_600_000),
  feedTlsName: Config.map(Config.option(Config.string("EVENKEEL_FEED_TLS_NAME")), Option.getOrNull),
  feedAuthorities: authorities("EVENKEEL_FEED_CA"),
  maxConnections: bound("EVENKEEL_ROUTER_MAX_CONNECTIONS", 1, 50_000),
  maxClientConnections: bound("EVENKEEL_ROUTER_MAX_CLIENT_CONNECTIONS", 0, 0),
  maxClientRequests: bound("EVENKEEL_ROUTER_MAX_CLIENT_REQUESTS", 0, 0),
  maxServiceRequests: bound("EVENKEEL_ROUTER_MAX_SERVICE_REQUESTS", 1, 20_000),
  workers: Settings.parsed("EVENKEEL_ROUTER_WORKERS", "a number from 1 to 64", (text) =>
    /^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 64 ? Number(text) : undefined
  ).pipe(Config.withDefault(1)),
  drainDeadlineMillis: duration("EVENKEEL_ROUTER_DRAIN_DEADLINE", 8_000),
  logLevel: Logging.level
}).pipe(
  Config.map(({ feedDns, ...rest }) => ({
    ...rest,
    feedDns: Option.getOrElse(feedDns, () => (rest.feedUrls.length > 0 ? null : "tasks.rebalancer"))
  }))
)

/** Reads the settings; every wrong one is named in the failure. */
export const load = (environment: Settings.Environment): Effect.Effect<RouterConfig, Settings.SettingsInvalid> =>
  Settings.load(config, environment)

/** Effective values as JSON; secrets, and long texts, are told by their presence only. */
export const print = (config: RouterConfig, tableFile: string | null): string => {
  const { feedAuthorities, stickyKey, token, upstreamAuthorities, ...rest } = config
  const told = (value: Option.Option<unknown>) => (Option.isSome(value) ? "(set)" : null)
  const presence = {
    upstreamAuthorities: told(upstreamAuthorities),
    feedAuthorities: told(feedAuthorities),
    stickyKey: told(stickyKey),
    token: told(token)
  }
  return JSON.stringify({ ...rest, ...presence, tableFile }, undefined, 2)
}
