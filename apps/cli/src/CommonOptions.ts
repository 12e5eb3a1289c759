/** The options that every command takes, with the same names and meanings. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DurationMillis } from "@evenkeel/domain/Durations"
import * as Color from "./Color.ts"

export const formats = ["table", "json"] as const
export type Format = (typeof formats)[number]

/** An option of one of several words. */
const choice = <const A extends string>(name: string, words: ReadonlyArray<A>, about: string) =>
  Options.text(name).pipe(
    Options.withPseudoName(words.join("|")),
    Options.mapEffect((text) => {
      const word = words.find((known) => known === text)
      return word === undefined ? wrong(`--${name} ${text}: expected ${words.join(" or ")}`) : Effect.succeed(word)
    }),
    Options.withDescription(about)
  )

const wrong = (text: string) => Effect.fail(ValidationError.invalidValue(HelpDoc.p(text)))

const decodeDuration = Schema.decodeUnknownOption(DurationMillis)

/** An option that takes a duration such as `30s`; its value is in milliseconds. */
export const duration = (name: string, fallbackMillis: number, about: string) =>
  Options.text(name).pipe(
    Options.withPseudoName("duration"),
    Options.mapEffect((text) =>
      Option.match(decodeDuration(text), {
        onNone: () => wrong(`--${name} ${text}: expected a duration such as 500ms, 30s, 2m or 1h`),
        onSome: (millis) => Effect.succeed(millis)
      })
    ),
    Options.withDefault(fallbackMillis),
    Options.withDescription(about)
  )

/** How the result is written. */
export const output = {
  format: choice("format", formats, "How the result is written. Default: table.").pipe(
    Options.withDefault<Format>("table")
  ),
  color: choice("color", Color.choices, "Whether to colour. Default: auto, on a terminal and without NO_COLOR.").pipe(
    Options.withDefault<Color.ColorChoice>("auto")
  ),
  debug: Options.boolean("debug").pipe(Options.withDescription("Show where in the program a failure arose."))
}

/** For commands that talk to the Swarm. */
export const engine = {
  host: Options.text("host").pipe(
    Options.withPseudoName("url"),
    Options.withDescription(
      "The manager to ask: unix:///path or tcp://host:port. Default: DOCKER_HOST, else the local socket."
    ),
    Options.optional
  )
}

/** For commands that ask before they act. */
export const yes = Options.boolean("yes", { aliases: ["y"] }).pipe(
  Options.withDescription("Do not ask. Needed where stdin is not a terminal.")
)

/** For commands that plan. */
export const coolDown = duration(
  "cool-down",
  900_000,
  "How long a service is left alone after somebody deployed it. Default: 15m, as the rebalancer's."
)

export interface OutputChoice {
  readonly format: Format
  readonly color: Color.ColorChoice
}
