/** The options that every command takes, with the same names and meanings, and the kinds of options that many take. */
import * as DurationText from "@evenkeel/domain/DurationText"
import * as Color from "./Color.ts"
import * as Parameter from "./grammar/Parameter.ts"

export const formats = ["table", "json"] as const
export type Format = (typeof formats)[number]

/** An option of one of several words. */
const choice = <const A extends string>(name: string, words: ReadonlyArray<A>, fallback: A, about: string) =>
  Parameter.decoded<A, A>(name, words.join("|"), about, {
    decode: (text) => words.find((known) => known === text) ?? null,
    expected: words.join(" or "),
    fallback
  })

const durationText = "a duration such as 500ms, 30s, 2m or 1h"

/** An option that takes a duration such as `30s`; its value is in milliseconds. */
export const duration = (name: string, fallbackMillis: number, about: string) =>
  Parameter.decoded(name, "duration", about, {
    decode: DurationText.parse,
    expected: durationText,
    fallback: fallbackMillis
  })

/** The same for a duration that must be above 0, and has no default. */
export const optionalDuration = (name: string, about: string) =>
  Parameter.decoded(name, "duration", about, {
    decode: (text) => DurationText.parse(text) || null,
    expected: `${durationText}, above 0`,
    fallback: null
  })

/** An option that takes a number that is valid; `expected` says which those are. */
export const number = (
  name: string,
  fallback: number,
  isValid: (value: number) => boolean,
  expected: string,
  about: string
) =>
  Parameter.decoded(name, "number", about, {
    decode: (text) => (text.trim() !== "" && isValid(Number(text)) ? Number(text) : null),
    expected,
    fallback
  })

/** How the result is written. */
export const output = () => ({
  format: choice(
    "format",
    formats,
    "table",
    "How the result is written; --json is short for --format json. Default: table."
  ),
  color: choice(
    "color",
    Color.choices,
    "auto",
    "Whether to colour. Default: auto, on a terminal and without NO_COLOR."
  ),
  debug: Parameter.flag("debug", "Show where in the program a failure arose.")
})

/** For commands that talk to the Swarm. */
export const engine = () => ({
  host: Parameter.option(
    "host",
    "url",
    "The manager to ask: unix:///path or tcp://host:port. Default: DOCKER_HOST, else the local socket."
  )
})

/** For commands about one node. */
export const node = () => Parameter.argument("node", "Hostname or id.")

/** For commands that ask before they act. */
export const yes = () => Parameter.flag("yes", "Do not ask. Needed where stdin is not a terminal.", "y")

/** For commands that plan. */
export const coolDown = () =>
  duration(
    "cool-down",
    900_000,
    "How long a service is left alone after somebody deployed it. Default: 15m, as the rebalancer's."
  )

export interface OutputChoice {
  readonly format: Format
  readonly color: Color.ColorChoice
}
