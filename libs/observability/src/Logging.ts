/**
 * How programs log: one JSON object a line on stderr, or lines for people where stderr is a terminal. stdout is left to
 * results. Fields of a JSON line: `time` (ISO 8601), `level`, `message`, `cause` where there is one, and the annotations of
 * `Effect.annotateLogs` beside them.
 */
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import type * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Settings from "./Settings.ts"

export const levels = ["debug", "info", "warning", "error", "none"] as const
export type Level = (typeof levels)[number]
export type Format = "json" | "pretty"

const logLevels: Record<Level, LogLevel.LogLevel> = {
  debug: LogLevel.Debug,
  info: LogLevel.Info,
  warning: LogLevel.Warning,
  error: LogLevel.Error,
  none: LogLevel.None
}

/** `EVENKEEL_LOG_LEVEL`: the least level that is logged; info by default. */
export const level: Config.Config<Level> = Settings.choice("EVENKEEL_LOG_LEVEL", levels).pipe(
  Config.withDefault("info" as const)
)

const plain = (value: unknown): unknown =>
  value instanceof Error ? value.message : typeof value === "bigint" ? value.toString() : value

const messageOf = (message: unknown): string => {
  const parts = Array.isArray(message) ? message : [message]
  return parts
    .map((part) => {
      const value = plain(part)
      return typeof value === "string" ? value : JSON.stringify(value)
    })
    .join(" ")
}

const reserved = new Set(["time", "level", "message", "cause"])

/** One log event as a line of JSON, without its line feed. */
export const jsonLine: Logger.Logger<unknown, string> = Logger.make(
  ({ annotations, cause, date, logLevel, message }) => {
    const fields: Record<string, unknown> = {
      time: date.toISOString(),
      level: logLevel.label.toLowerCase(),
      message: messageOf(message)
    }
    if (!Cause.isEmpty(cause)) fields["cause"] = Cause.pretty(cause, { renderErrorCause: true })
    for (const [key, value] of HashMap.entries(annotations)) fields[reserved.has(key) ? `${key}_` : key] = plain(value)
    return JSON.stringify(fields)
  }
)

export interface LoggingOptions {
  readonly level: Level
  /** Default: pretty where stderr is a terminal, else json. */
  readonly format?: Format
  /** Default: writes to stderr. */
  readonly write?: (text: string) => void
}

const toStderr = (text: string): void => void process.stderr.write(text)

const lines = (write: (text: string) => void): Logger.Logger<unknown, void> =>
  Logger.map(jsonLine, (line) => write(`${line}\n`))

// One of each: a layer inside a layer then adds no second logger.
const jsonToStderr = lines(toStderr)
const prettyToStderr = Logger.prettyLogger({
  colors: process.stderr.isTTY && !process.env["NO_COLOR"],
  stderr: true,
  mode: "tty"
})

/** Replaces Effect's logger (which would write to stdout). */
export const layer = (options: LoggingOptions): Layer.Layer<never> => {
  const pretty = (options.format ?? (process.stderr.isTTY ? "pretty" : "json")) === "pretty"
  const json = options.write === undefined ? jsonToStderr : lines(options.write)
  return Layer.merge(
    Logger.replace(Logger.defaultLogger, pretty ? prettyToStderr : json),
    Logger.minimumLogLevel(logLevels[options.level])
  )
}

/** Sets the least level for what is inside, once it is known: settings are read with logging already in place. */
export const withLevel =
  (least: Level) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Logger.withMinimumLogLevel(effect, logLevels[least])
