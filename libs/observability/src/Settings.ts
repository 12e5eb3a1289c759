/**
 * Reads a program's settings from environment variables and the files of secrets. `EVENKEEL_TOKEN_FILE=/run/secrets/token`
 * stands for `EVENKEEL_TOKEN=<that file's text, trimmed>`; so does every `EVENKEEL_*_FILE`. An empty variable counts as unset,
 * because stack files substitute absent values by nothing. All wrong variables are reported at once, each with its cure.
 * It does not know which settings exist: each app describes its own by `Config`.
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"

export const prefix = "EVENKEEL_"
const fileSuffix = "_FILE"

/** A variable's name and what is wrong with it. */
export const SettingProblem = Schema.Struct({ variable: Schema.String, problem: Schema.String })
export type SettingProblem = typeof SettingProblem.Type

/** Represents settings that cannot be used; holds every one that is wrong. */
export class SettingsInvalid extends Schema.TaggedError<SettingsInvalid>()("SettingsInvalid", {
  problems: Schema.NonEmptyArray(SettingProblem)
}) {
  override get message(): string {
    return this.problems.map(({ problem, variable }) => `${variable}: ${problem}`).join("\n")
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

/** What `readFile` throws is told to the user as the reason. */
export type ReadFile = (path: string) => string

const readText: ReadFile = (path) => readFileSync(path, "utf8")

const reasonOf = (error: unknown): string =>
  error instanceof Error ? ("code" in error ? String(error.code) : error.message) : String(error)

/**
 * A provider over `EVENKEEL_*` of `environment`, secrets' files read. Fails where a file cannot be read or where a variable
 * is given both as text and as a file.
 */
export const provider = (
  environment: Environment,
  readFile: ReadFile = readText
): Either.Either<ConfigProvider.ConfigProvider, SettingsInvalid> => {
  const values = new Map<string, string>()
  const problems: Array<SettingProblem> = []
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || text === undefined || text.trim() === "") continue
    if (!variable.endsWith(fileSuffix)) {
      values.set(variable, text.trim())
      continue
    }
    const plain = variable.slice(0, -fileSuffix.length)
    if ((environment[plain] ?? "").trim() !== "") {
      problems.push({ variable, problem: `${plain} is set too; set one of the two` })
      continue
    }
    try {
      const secret = readFile(text.trim()).trim()
      if (secret === "")
        problems.push({ variable, problem: `the file ${text.trim()} is empty; write the value into it` })
      else values.set(plain, secret)
    } catch (error) {
      const problem = `cannot read ${text.trim()} (${reasonOf(error)}); check that the secret is mounted and readable`
      problems.push({ variable, problem })
    }
  }
  const [first, ...rest] = problems
  if (first !== undefined) return Either.left(new SettingsInvalid({ problems: [first, ...rest] }))
  return Either.right(ConfigProvider.fromMap(values, { pathDelim: "\u0000" }))
}

const problemsOf = (error: ConfigError.ConfigError): ReadonlyArray<SettingProblem> => {
  switch (error._op) {
    case "And":
    case "Or":
      return [...problemsOf(error.left), ...problemsOf(error.right)]
    case "MissingData":
      return [{ variable: error.path.join("."), problem: "is not set; set it, or its _FILE variant" }]
    default:
      return [{ variable: error.path.join("."), problem: error.message }]
  }
}

/** Reads `config` from `environment`; every problem in one `SettingsInvalid`. */
export const load = <A>(
  config: Config.Config<A>,
  environment: Environment,
  readFile: ReadFile = readText
): Effect.Effect<A, SettingsInvalid> =>
  Effect.flatMap(provider(environment, readFile), (from) =>
    Effect.mapError(from.load(config), (error) => {
      const [first, ...rest] = problemsOf(error)
      return new SettingsInvalid({
        problems: [first ?? { variable: prefix, problem: "the settings could not be read" }, ...rest]
      })
    })
  )

/**
 * A variable read by `read`, which says `undefined` where the text is not `expected` (a phrase such as "a port from 1 to
 * 65535").
 */
export const parsed = <A>(
  variable: string,
  expected: string,
  read: (text: string) => A | undefined
): Config.Config<A> =>
  Config.mapOrFail(Config.string(variable), (text) => {
    const value = read(text)
    return value === undefined
      ? Either.left(ConfigError.InvalidData([], `expected ${expected}, got "${text}"`))
      : Either.right(value)
  })

/** A whole number from `min` to `max`. */
export const integer = (variable: string, min: number, max: number): Config.Config<number> =>
  parsed(variable, `a whole number from ${min} to ${max}`, (text) => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    return value >= min && value <= max ? value : undefined
  })

/** A TCP or UDP port; 0 lets the system choose. */
export const port = (variable: string): Config.Config<number> => integer(variable, 0, 65_535)

/** Comma-separated words; blanks and empty words are dropped. */
export const list = (variable: string): Config.Config<ReadonlyArray<string>> =>
  Config.map(Config.string(variable), (text) =>
    text
      .split(",")
      .map((word) => word.trim())
      .filter((word) => word !== "")
  )

/** One of `words`. */
export const choice = <const Words extends ReadonlyArray<string>>(
  variable: string,
  words: Words
): Config.Config<Words[number]> =>
  parsed(variable, `one of ${words.join(", ")}`, (text) => words.find((word) => word === text))
