/** Asks before something is changed. Never required: `--yes` answers beforehand, and where nobody can answer it says so. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Screen } from "./Screen.ts"

/** Represents a question that nobody can answer, because stdin or stderr is not a terminal. */
export class NobodyToAsk extends Schema.TaggedError<NobodyToAsk>()("NobodyToAsk", {
  /** The command, as typed. */
  command: Schema.String
}) {
  override get message(): string {
    return `"${this.command}" asks before it acts, and there is no terminal to ask on: pass --yes to act without being asked`
  }
}

/** Represents an answer other than yes. What was asked about was not done; what was confirmed before it, was. */
export class Declined extends Schema.TaggedError<Declined>()("Declined", {}) {
  override get message(): string {
    return "not confirmed, so not done"
  }
}

/** Succeeds when the answer is `y` or `yes`, or `yes` was given beforehand. */
export const confirm = Effect.fn("Asking.confirm")(function* (options: {
  readonly command: string
  readonly question: string
  readonly yes: boolean
}) {
  if (options.yes) return
  const screen = yield* Screen
  if (!screen.isInteractive) return yield* new NobodyToAsk({ command: options.command })
  const answer = yield* screen.ask(`${options.question} [y/N]`)
  if (!/^y(es)?$/i.test(answer ?? "")) return yield* new Declined()
})
