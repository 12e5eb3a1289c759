/** The rebalancer's settings, each with unit, default and environment variable. */
import * as Config from "effect/Config"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DurationMillis } from "@evenkeel/domain/Durations"
import * as Settings from "@evenkeel/observability/Settings"

const decodeDuration = Schema.decodeUnknownOption(DurationMillis)

const millis = (variable: string, fallback: number) =>
  Settings.parsed(variable, "a duration such as 500ms, 30s or 15m", (text) =>
    Option.getOrUndefined(decodeDuration(text))
  ).pipe(Config.withDefault(fallback))

export const RebalancerConfig = Config.all({
  /** `observe` plans and tells, `act` also moves. Defaults to `observe`. */
  mode: Settings.choice("EVENKEEL_REBALANCER_MODE", ["observe", "act"]).pipe(Config.withDefault("observe" as const)),
  /** The API and the feed, for which a token is needed. Defaults to 7070. */
  port: Settings.port("EVENKEEL_REBALANCER_PORT").pipe(Config.withDefault(7070)),
  /** Health and metrics, for which none is. Defaults to 7071. */
  adminPort: Settings.port("EVENKEEL_REBALANCER_ADMIN_PORT").pipe(Config.withDefault(7071)),
  /** How long the set of nodes that take tasks must not have changed before a move begins. Defaults to 30 s. */
  stabilisationMillis: millis("EVENKEEL_REBALANCER_STABILISATION", 30_000),
  /** How long a moved task must serve before the old one is let go. Defaults to 5 s. */
  stabilityMillis: millis("EVENKEEL_REBALANCER_STABILITY", 5_000),
  /** A move that has not succeeded by then is undone. Defaults to 2 min. */
  moveDeadlineMillis: millis("EVENKEEL_REBALANCER_MOVE_DEADLINE", 120_000),
  /** How long a service is left alone after somebody deployed it. Defaults to 15 min. */
  coolDownMillis: millis("EVENKEEL_REBALANCER_COOL_DOWN", 900_000),
  /** Shared with routers and the CLI (or `EVENKEEL_TOKEN_FILE`). Without one API and feed are open, and a warning says so. */
  token: Config.option(Config.redacted("EVENKEEL_TOKEN"))
})
export type RebalancerConfig = Config.Config.Success<typeof RebalancerConfig>
