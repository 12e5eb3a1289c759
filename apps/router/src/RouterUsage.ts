/**
 * What the router's command line says: three flags, and the environment variables that `--help` lists and the documentation
 * quotes. Their values are read by `RouterConfig`.
 */
import * as Logging from "@evenkeel/observability/Logging"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"

/** Variable, default as text, meaning with unit. */
export const settings: ReadonlyArray<readonly [variable: string, byDefault: string, meaning: string]> = [
  ["EVENKEEL_NODE_ID", "the hostname", "the Swarm's id of the node: {{.Node.ID}} in a stack file"],
  ["EVENKEEL_NODE_HOSTNAME", "the hostname", "the node's name, for people: {{.Node.Hostname}}"],
  ["EVENKEEL_ROUTER_HOST", "0.0.0.0", "address that takes requests"],
  ["EVENKEEL_ROUTER_PORT", "8080", "port that takes requests"],
  ["EVENKEEL_ROUTER_ADMIN_HOST", "0.0.0.0", "address of health, metrics and /routes"],
  ["EVENKEEL_ROUTER_ADMIN_PORT", "9080", "port of health, metrics and /routes"],
  ["EVENKEEL_ROUTER_HEARTBEAT_HOST", "0.0.0.0", "address at which this router hears the others"],
  ["EVENKEEL_ROUTER_HEARTBEAT_PORT", "9081", "UDP port by which routers hear one another; the same on all"],
  ["EVENKEEL_ROUTER_TRUSTED_PROXIES", "none", "addresses or CIDRs, comma-separated, whose X-Forwarded-* is kept"],
  [
    "EVENKEEL_ROUTER_TLS_CERTIFICATES",
    "none",
    "certificate:key, or directories with x.crt beside x.key, comma-separated; turns TLS on"
  ],
  ["EVENKEEL_ROUTER_TLS_PORT", "8443", "port that takes requests over TLS"],
  ["EVENKEEL_ROUTER_HTTPS_PORT", "443", "port at which clients find TLS, for evenkeel.redirect=https"],
  [
    "EVENKEEL_ROUTER_UPSTREAM_CA",
    "those of Node.js",
    "PEM of the authorities for tasks with evenkeel.scheme=https; or _FILE"
  ],
  ["EVENKEEL_ROUTER_STICKY_KEY", "random", "secret of sticky cookies, the same on all routers; or _FILE"],
  ["EVENKEEL_ROUTER_ACCESS_LOG", "off", "off, all, or sampled:<rate> with a rate such as 0.01"],
  ["EVENKEEL_ROUTER_ACCESS_LOG_TO", "-", "file for the access log, opened anew on SIGHUP; - is standard output"],
  ["EVENKEEL_OTLP_ENDPOINT", "none", "collector of traces, OTLP over HTTP: http://collector:4318; turns tracing on"],
  ["EVENKEEL_ROUTER_TRACE_RATE", "0.01", "share of the traces that begin here that is exported, from 0 to 1"],
  ["EVENKEEL_ROUTER_TABLE_CACHE", "none", "file that keeps the last table, for a start while no rebalancer is there"],
  ["EVENKEEL_ROUTER_TABLE_MAX_AGE", "1h", "how old such a table may be"],
  ["EVENKEEL_ROUTER_MAX_CONNECTIONS", "50000", "connections of clients; more are told 503"],
  ["EVENKEEL_ROUTER_MAX_CLIENT_CONNECTIONS", "0", "connections of one client's address; 0 is no bound"],
  ["EVENKEEL_ROUTER_MAX_CLIENT_REQUESTS", "0", "requests of one client's address under way; 0 is no bound"],
  ["EVENKEEL_ROUTER_MAX_SERVICE_REQUESTS", "20000", "requests of one service or group under way"],
  ["EVENKEEL_ROUTER_WORKERS", "1", "processes that share the ports; more than 1 where one core is not enough"],
  [
    "EVENKEEL_ROUTER_DRAIN_DEADLINE",
    "8s",
    "how long open streams may go on after SIGTERM; less than stop_grace_period"
  ],
  ["EVENKEEL_FEED_DNS", "tasks.rebalancer", "name whose every address is a rebalancer, looked up each second"],
  ["EVENKEEL_FEED_PORT", "7070", "port of the rebalancers found by that name"],
  [
    "EVENKEEL_FEED_TLS_NAME",
    "none",
    "name that the rebalancers' certificate holds for; has those found by DNS spoken to over TLS"
  ],
  ["EVENKEEL_FEED_URLS", "none", "rebalancers by URL instead, comma-separated: ws://host:7070/feed"],
  [
    "EVENKEEL_FEED_CA",
    "those of Node.js",
    "PEM of the authorities for feeds over TLS (wss://); or EVENKEEL_FEED_CA_FILE"
  ],
  ["EVENKEEL_TOKEN", "none", "secret shared with the rebalancers; or EVENKEEL_TOKEN_FILE with its path"],
  ["EVENKEEL_LOG_LEVEL", "info", `least level that is logged: ${Logging.levels.join(", ")}`]
]

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
