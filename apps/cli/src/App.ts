/**
 * One run of the command: from the words of the command line to an exit code. Cures what @effect/cli does differently than
 * promised here: colours in piped help, errors told twice, exit code 1 for a wrong command line, `--help` behind an option.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as ValidationError from "@effect/cli/ValidationError"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Terminal from "@effect/platform/Terminal"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Color from "./Color.ts"
import * as CommandTree from "./CommandTree.ts"
import type { EngineAccess } from "./EngineAccess.ts"
import type { FileAccess } from "./FileAccess.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Failure from "./Failure.ts"
import * as HelpText from "./HelpText.ts"
import * as Mistakes from "./Mistakes.ts"
import { Screen } from "./Screen.ts"
import type { ShellCommand } from "./ShellCommand.ts"
import * as Version from "./Version.ts"

const parse = Command.run(CommandTree.root, { name: "evenkeel", version: Version.version, executable: "evenkeel" })

/** @effect/cli asks for a terminal because of its prompts, of which none is used here. */
const noTerminal = Terminal.Terminal.of({
  columns: Effect.succeed(80),
  rows: Effect.succeed(24),
  isTTY: Effect.succeed(false),
  readInput: Mailbox.make<Terminal.UserInput>(),
  readLine: Effect.fail(new Terminal.QuitException()),
  display: () => Effect.void
})

const parserLayer = Layer.mergeAll(
  // Options and arguments that are files would be looked at by these; there are none.
  FileSystem.layerNoop({}),
  Path.layer,
  Layer.succeed(Terminal.Terminal, noTerminal),
  CliConfig.layer({ showBuiltIns: false })
)

/**
 * `--help` and `--version` anywhere before `--` mean what they say: @effect/cli knows them only where nothing but the
 * command's words stands before them.
 */
const builtIn = (argv: ReadonlyArray<string>, path: ReadonlyArray<string>): ReadonlyArray<string> | null => {
  const options = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length)
  if (options.includes("--help") || options.includes("-h")) return [...path, "--help"]
  return options.includes("--version") ? ["--version"] : null
}

/** `--json` is short for `--format json`. */
const longForms = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length
  return argv.flatMap((word, at) => (at < end && word === "--json" ? ["--format", "json"] : [word]))
}

/** `--color` must be known before the command line is parsed, since parsing may end in help. */
const colorChoice = (argv: ReadonlyArray<string>): Color.ColorChoice => {
  const at = argv.findIndex((word) => word === "--color" || word.startsWith("--color="))
  const text = argv[at]?.includes("=") === true ? argv[at].slice("--color=".length) : argv[at + 1]
  return Color.choices.find((choice) => at >= 0 && choice === text) ?? "auto"
}

const collected = () => {
  const texts: Array<string> = []
  const collect = (...values: ReadonlyArray<unknown>) =>
    Effect.sync(() => {
      texts.push(values.map(String).join(" "))
    })
  return { texts, collect }
}

/** `argv` without the program's own name. Never fails: whatever happens is told on stderr and in the exit code. */
export const run = Effect.fn("App.run")(function* (
  words: ReadonlyArray<string>
): Effect.fn.Return<number, never, Screen | EngineAccess | FileAccess | ShellCommand> {
  const argv = longForms(words)
  const screen = yield* Screen
  const { mistake, path } = Mistakes.find(argv, CommandTree.commands)
  if (mistake !== null) return yield* refuse(mistake, path)

  const printed = collected()
  const complained = collected()
  const exit = yield* Console.consoleWith((console) =>
    Effect.withConsole(parse(["node", "evenkeel", ...(builtIn(argv, path) ?? argv)]), {
      ...console,
      log: printed.collect,
      error: complained.collect
    })
  ).pipe(Effect.provide(parserLayer), Effect.exit)

  // Only @effect/cli itself prints by the console: help, completions, the version.
  for (const text of printed.texts) {
    const isHelp = Color.strip(text).includes("\nUSAGE\n")
    const paint = Color.paint(Color.isWanted(colorChoice(argv), screen.isStdoutTerminal, screen.environment))
    yield* screen.print(
      isHelp ? HelpText.render(text, path, CommandTree.commands, paint) : `${Color.strip(text).trimEnd()}\n`
    )
  }
  if (Exit.isSuccess(exit)) return ExitCode.ok
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error instanceof ExitCode.ExitWith) return error.exitCode
  if (ValidationError.isValidationError(error)) {
    const words = complained.texts.map((text) => Color.strip(text).trim()).join(" ")
    return yield* refuse(words === "" ? "the command line is wrong" : words, path)
  }
  const failure = Failure.of(exit.cause, argv.includes("--debug"))
  yield* screen.tell(failure.text)
  return failure.exitCode
})

const refuse = (mistake: string, path: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    yield* screen.tell(`evenkeel: ${mistake}\nSee: ${["evenkeel", ...path, "--help"].join(" ")}`)
    return ExitCode.usage
  })
