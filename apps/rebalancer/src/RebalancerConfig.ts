/** The rebalancer's settings, each with unit, default and environment variable. Those of brakes come from their own table. */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { DurationMillis } from "@evenkeel/domain/Durations"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as SettingText from "@evenkeel/executor/brakes/SettingText"
import * as Settings from "@evenkeel/observability/Settings"

const decodeDuration = Schema.decodeUnknownOption(DurationMillis)

const millis = (variable: string, fallback: number) =>
  Settings.parsed(variable, "a duration such as 500ms, 30s or 15m", (text) =>
    Option.getOrUndefined(decodeDuration(text))
  ).pipe(Config.withDefault(fallback))

const brakeSetting = (key: BrakeSettings.SettingKey): Config.Config<readonly [string, unknown]> =>
  Settings.parsed(BrakeSettings.docs[key].variable, SettingText.expected(key), (text) =>
    Option.getOrUndefined(Either.getRight(SettingText.parse(key, text)))
  ).pipe(
    Config.withDefault(BrakeSettings.defaults[key]),
    Config.map((value) => [key, value] as const)
  )

/** What the environment says of brakes and thresholds; the policy in the Swarm goes over it. */
const brakeSettings: Config.Config<BrakeSettings.BrakeSettings> = Config.map(
  Config.all(BrakeSettings.keys.map(brakeSetting)),
  (entries) => Object.fromEntries(entries) as BrakeSettings.BrakeSettings
)

/** An http or https address; it may hold a password or a token, so it is never shown, not even when it is wrong. */
const url = (variable: string) =>
  Config.option(
    Config.mapOrFail(Config.string(variable), (text) =>
      /^https?:$/.test(URL.parse(text)?.protocol ?? "")
        ? Either.right(Redacted.make(text))
        : Either.left(ConfigError.InvalidData([], "expected an address that begins with http:// or https://"))
    )
  )

export const RebalancerConfig = Config.all({
  settings: brakeSettings,
  /** Where API and feed listen, for which a token is needed. Defaults to all addresses, port 7070. */
  host: Config.string("EVENKEEL_REBALANCER_HOST").pipe(Config.withDefault("0.0.0.0")),
  port: Settings.port("EVENKEEL_REBALANCER_PORT").pipe(Config.withDefault(7070)),
  /** Where health and metrics listen, for which none is. Defaults to all addresses, port 7071. */
  adminHost: Config.string("EVENKEEL_REBALANCER_ADMIN_HOST").pipe(Config.withDefault("0.0.0.0")),
  adminPort: Settings.port("EVENKEEL_REBALANCER_ADMIN_PORT").pipe(Config.withDefault(7071)),
  /** How long a moved task must serve before the old one is let go. Defaults to 5 s. */
  stabilityMillis: millis("EVENKEEL_REBALANCER_STABILITY", 5_000),
  /** A move that has not succeeded by then is undone. Defaults to 2 min. */
  moveDeadlineMillis: millis("EVENKEEL_REBALANCER_MOVE_DEADLINE", 120_000),
  /** Told of moves (or `…_FILE`). Defaults to nobody. */
  webhookUrl: url("EVENKEEL_REBALANCER_WEBHOOK_URL"),
  /** Asked before each move (or `…_FILE`). Defaults to nobody. */
  consentUrl: url("EVENKEEL_REBALANCER_CONSENT_URL"),
  /** Shared with routers and operators (or `EVENKEEL_TOKEN_FILE`). Without one the API is open to read and takes no changes. */
  token: Config.option(Config.redacted("EVENKEEL_TOKEN")),
  /** PEM; with both of them (or `…_FILE`) API and feed are served over TLS only. Default: plainly. */
  feedCertificate: Config.option(Config.string("EVENKEEL_REBALANCER_FEED_TLS_CERT")),
  feedKey: Config.option(Config.redacted("EVENKEEL_REBALANCER_FEED_TLS_KEY"))
})
export type RebalancerConfig = Config.Config.Success<typeof RebalancerConfig>
