/**
 * The router's settings: environment variables, of which every one has a default, and three flags. `settings` describes them
 * all; `--help` prints it and the documentation quotes it. What a setting does is decided where it is used.
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
import { parseArgs } from "node:util"

export interface RouterConfig {
  readonly nodeId: NodeId
  readonly nodeHostname: string
  readonly host: string
  readonly port: number
  readonly adminHost: string
  readonly adminPort: number
  readonly heartbeatPort: number
  readonly feedUrls: ReadonlyArray<string>
  /** Null where `feedUrls` are given instead. */
  readonly feedDns: string | null
  readonly feedPort: number
  readonly token: Option.Option<Redacted.Redacted>
  readonly trustedProxies: ReadonlyArray<string>
  readonly drainDeadlineMillis: number
  readonly logLevel: Logging.Level
}

/** Variable, default as text, meaning with unit. */
export const settings: ReadonlyArray<readonly [variable: string, byDefault: string, meaning: string]> = [
  ["EVENKEEL_NODE_ID", "the hostname", "the Swarm's id of the node: {{.Node.ID}} in a stack file"],
  ["EVENKEEL_NODE_HOSTNAME", "the hostname", "the node's name, for people: {{.Node.Hostname}}"],
  ["EVENKEEL_ROUTER_HOST", "0.0.0.0", "address that takes requests"],
  ["EVENKEEL_ROUTER_PORT", "8080", "port that takes requests"],
  ["EVENKEEL_ROUTER_ADMIN_HOST", "0.0.0.0", "address of health, metrics and /routes"],
  ["EVENKEEL_ROUTER_ADMIN_PORT", "9080", "port of health, metrics and /routes"],
  ["EVENKEEL_ROUTER_HEARTBEAT_PORT", "9081", "UDP port by which routers hear one another; the same on all"],
  ["EVENKEEL_ROUTER_TRUSTED_PROXIES", "none", "addresses or CIDRs, comma-separated, whose X-Forwarded-* is kept"],
  [
    "EVENKEEL_ROUTER_DRAIN_DEADLINE",
    "8s",
    "how long open streams may go on after SIGTERM; less than stop_grace_period"
  ],
  ["EVENKEEL_FEED_DNS", "tasks.rebalancer", "name whose every address is a rebalancer, looked up each second"],
  ["EVENKEEL_FEED_PORT", "7070", "port of the rebalancers found by that name"],
  ["EVENKEEL_FEED_URLS", "none", "rebalancers by URL instead, comma-separated: ws://host:7070/feed"],
  ["EVENKEEL_TOKEN", "none", "secret shared with the rebalancers; or EVENKEEL_TOKEN_FILE with its path"],
  ["EVENKEEL_LOG_LEVEL", "info", `least level that is logged: ${Logging.levels.join(", ")}`]
]

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

const text = (variable: string, byDefault: string) => Config.string(variable).pipe(Config.withDefault(byDefault))
const port = (variable: string, byDefault: number) => Settings.port(variable).pipe(Config.withDefault(byDefault))

const config: Config.Config<RouterConfig> = Config.all({
  nodeId: Config.map(text("EVENKEEL_NODE_ID", hostname()), (id) => NodeId.make(id)),
  nodeHostname: text("EVENKEEL_NODE_HOSTNAME", hostname()),
  host: text("EVENKEEL_ROUTER_HOST", "0.0.0.0"),
  port: port("EVENKEEL_ROUTER_PORT", 8080),
  adminHost: text("EVENKEEL_ROUTER_ADMIN_HOST", "0.0.0.0"),
  adminPort: port("EVENKEEL_ROUTER_ADMIN_PORT", 9080),
  heartbeatPort: port("EVENKEEL_ROUTER_HEARTBEAT_PORT", 9081),
  feedUrls: words("EVENKEEL_FEED_URLS", "URLs such as ws://10.0.0.5:7070/feed", isFeedUrl),
  feedDns: Config.option(Config.string("EVENKEEL_FEED_DNS")),
  feedPort: port("EVENKEEL_FEED_PORT", Feed.defaultPort),
  token: Config.option(Config.redacted("EVENKEEL_TOKEN")),
  trustedProxies: words("EVENKEEL_ROUTER_TRUSTED_PROXIES", "addresses or CIDRs such as 10.0.0.0/8", isNetwork),
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

/** Effective values as JSON; the token is told by its presence only. */
export const print = ({ token, ...rest }: RouterConfig, tableFile: string | null): string =>
  JSON.stringify({ ...rest, token: Option.isSome(token) ? "(set)" : null, tableFile }, undefined, 2)

/** Represents a command line that cannot be followed. */
export class RouterUsageWrong extends Schema.TaggedError<RouterUsageWrong>()("RouterUsageWrong", {
  reason: Schema.String
}) {
  override get message(): string {
    return `router: ${this.reason}; see router --help`
  }
}

export interface RouterFlags {
  readonly tableFile: string | null
  readonly help: boolean
  readonly printConfig: boolean
}

export const parseFlags = (args: ReadonlyArray<string>): Either.Either<RouterFlags, RouterUsageWrong> =>
  Either.try({
    try: () => {
      const { values } = parseArgs({
        args: [...args],
        strict: true,
        allowPositionals: false,
        options: {
          table: { type: "string" },
          help: { type: "boolean", short: "h", default: false },
          "print-config": { type: "boolean", default: false }
        }
      })
      return { tableFile: values.table ?? null, help: values.help, printConfig: values["print-config"] }
    },
    catch: (error) => new RouterUsageWrong({ reason: error instanceof Error ? error.message : String(error) })
  })

const longest = Math.max(...settings.map(([variable]) => variable.length))

export const help = `Usage: router [--table FILE] [--print-config] [--help]

Takes HTTP requests and sends each to a healthy task of its service. Learns from the rebalancers where tasks are.

  --table FILE     read a static table from a JSON file instead; reloaded when it changes:
                   {"services": [{"name": "web", "hosts": ["web"], "endpoints": ["127.0.0.1:9001"]}]}
  --print-config   print the effective settings as JSON and stop
  --help           print this and stop

Environment (default in brackets; an empty value counts as unset):

${settings.map(([variable, byDefault, meaning]) => `  ${variable.padEnd(longest)}  ${meaning} [${byDefault}]`).join("\n")}
`
