/**
 * Writes a command's result: one document of JSON with its kind and version, or text for people. The same value feeds both, so
 * neither knows what the other does not.
 */
import * as Effect from "effect/Effect"
import * as Color from "./Color.ts"
import type { OutputChoice } from "./CommonOptions.ts"
import { Screen } from "./Screen.ts"

/** The version of every document's shape. Fields are added within a version, never renamed or taken away. */
export const apiVersion = "evenkeel/v1"

/** What a rendering may depend on besides its value. */
export interface View {
  readonly paint: Color.Paint
  /** Columns to use; Infinity where the text does not go to a terminal. */
  readonly width: number
}

/** A document of JSON: two spaces of indentation, a line feed at the end. */
export const document = (kind: string, value: object): string =>
  `${JSON.stringify({ apiVersion, kind, ...value }, null, 2)}\n`

/** The view of what is written to stdout. */
export const stdoutView = (choice: OutputChoice) =>
  Effect.map(Screen, ({ columns, environment, isStdoutTerminal }): View => ({
    paint: Color.paint(Color.isWanted(choice.color, isStdoutTerminal, environment)),
    width: columns ?? Infinity
  }))

/** The view of what is written to stderr. */
export const stderrView = (choice: OutputChoice) =>
  Effect.map(Screen, ({ columns, environment, isStderrTerminal }): View => ({
    paint: Color.paint(Color.isWanted(choice.color, isStderrTerminal, environment)),
    width: columns ?? Infinity
  }))

/** Writes `value` to stdout in the chosen format. */
export const show = Effect.fn("Result.show")(function* <A extends object>(
  choice: OutputChoice,
  kind: string,
  value: A,
  render: (value: A, view: View) => string
) {
  const screen = yield* Screen
  yield* screen.print(choice.format === "json" ? document(kind, value) : render(value, yield* stdoutView(choice)))
})
