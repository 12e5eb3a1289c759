/**
 * Settings as people write them: `30s`, `3`, `0.45`, `act`, `0 2 * * * for 4h in Europe/Berlin`. Both ways; one place for the
 * environment, the command line and tables.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { DurationMillis } from "@evenkeel/domain/Durations"
import * as Settings from "./BrakeSettings.ts"

const decodeDuration = Schema.decodeUnknownOption(DurationMillis)
const decodeOverrides = Schema.decodeUnknownEither(Settings.SettingsOverrides)

/** What a setting's text should look like, for messages. */
export const expected = (key: Settings.SettingKey): string => {
  switch (Settings.docs[key].unit) {
    case "word":
      return "observe or act"
    case "duration":
      return "a duration such as 500ms, 30s or 15m"
    case "count":
      return "a whole number"
    case "share":
      return "a share from 0 to 1"
    case "flag":
      return "true or false"
    case "windows":
      return 'windows such as "0 2 * * * for 4h in Europe/Berlin", separated by semicolons'
  }
}

const windowOf = (text: string): unknown => {
  const match = /^(.+?)\s+for\s+(\S+)(?:\s+in\s+(\S+))?$/.exec(text.trim())
  return {
    cron: match?.[1],
    durationMillis: Option.getOrUndefined(decodeDuration(match?.[2] ?? "")),
    ...(match?.[3] === undefined ? {} : { timeZone: match[3] })
  }
}

const valueOf = (key: Settings.SettingKey, text: string): unknown => {
  switch (Settings.docs[key].unit) {
    case "word":
      return text === "observe" || text === "act" ? text : undefined
    case "duration":
      return Option.getOrUndefined(decodeDuration(text))
    case "count":
    case "share":
      return /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined
    case "flag":
      return text === "true" ? true : text === "false" ? false : undefined
    case "windows":
      return text
        .split(";")
        .filter((part) => part.trim() !== "")
        .map(windowOf)
  }
}

/** The setting read from its text; the left is why not. An empty text means no windows. */
export const parse = <K extends Settings.SettingKey>(
  key: K,
  text: string
): Either.Either<Settings.BrakeSettings[K], string> =>
  Either.mapBoth(decodeOverrides({ [key]: valueOf(key, text.trim()) }), {
    onLeft: (error) => {
      const reason = ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.message ?? ""
      return `expected ${expected(key)}, got "${text}"${valueOf(key, text.trim()) === undefined ? "" : `: ${reason}`}`
    },
    onRight: (overrides) => overrides[key] as Settings.BrakeSettings[K]
  })

/** `1h`, `15m`, `30s`, `500ms`: the largest unit that needs no fraction. */
export const formatDuration = (millis: number): string => {
  for (const [unit, size] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000]
  ] as const)
    if (millis !== 0 && millis % size === 0) return `${millis / size}${unit}`
  return millis === 0 ? "0s" : `${millis}ms`
}

/** The text that `parse` reads back. */
export const format = (key: Settings.SettingKey, settings: Settings.BrakeSettings): string => {
  if (key === "windows")
    return settings.windows
      .map(({ cron, durationMillis, timeZone }) => {
        const zone = timeZone === "UTC" ? "" : ` in ${timeZone}`
        return `${cron} for ${formatDuration(durationMillis)}${zone}`
      })
      .join("; ")
  const value = settings[key]
  return Settings.docs[key].unit === "duration" ? formatDuration(Number(value)) : String(value)
}
