/** One run of the command: from the words of the command line to an exit code. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Color from "./Color.ts"
import * as CommandTree from "./CommandTree.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Failure from "./Failure.ts"
import * as Completions from "./grammar/Completions.ts"
import * as HelpText from "./grammar/HelpText.ts"
import * as Parsing from "./grammar/Parsing.ts"
import type { Needs } from "./Leaf.ts"
import { Screen } from "./Screen.ts"
import * as Version from "./Version.ts"

/** `--json` is short for `--format json`. */
const longForms = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length
  return argv.flatMap((word, at) => (at < end && word === "--json" ? ["--format", "json"] : [word]))
}

/** `--color` of a command line that asks for help, which is not parsed. */
const colorChoice = (argv: ReadonlyArray<string>): Color.ColorChoice => {
  const at = argv.findIndex((word) => word === "--color" || word.startsWith("--color="))
  const text = argv[at]?.includes("=") === true ? argv[at].slice("--color=".length) : argv[at + 1]
  return Color.choices.find((choice) => at >= 0 && choice === text) ?? "auto"
}

/** What is meant wherever it stands before `--`, whatever else is wrong. */
const builtIn = (argv: ReadonlyArray<string>): "help" | "version" | "completions" | null => {
  const options = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length)
  if (options.includes("--help") || options.includes("-h")) return "help"
  if (options.includes("--version")) return "version"
  return options.some((word) => /^--completions(=|$)/.test(word)) ? "completions" : null
}

/** `words` without the program's own name. Never fails: whatever happens is told on stderr and in the exit code. */
export const run = Effect.fn("App.run")(function* (
  words: ReadonlyArray<string>
): Effect.fn.Return<number, never, Needs> {
  const argv = longForms(words[0] === "help" ? [...words.slice(1), "--help"] : words)
  const screen = yield* Screen
  const { mistake, path } = CommandTree.pathOf(argv)
  if (mistake !== null) return yield* refuse(mistake, path)
  switch (builtIn(argv)) {
    case "help":
      return yield* help(path, argv)
    case "version":
      return yield* Effect.as(screen.print(Version.version), ExitCode.ok)
    case "completions":
      return yield* completions(argv)
  }
  const command = CommandTree.find(path)
  if (command === undefined) {
    // A group's words alone ask what there is; with an option they are a mistake.
    const [option] = words.slice(path.length)
    return option === undefined
      ? yield* help(path, argv)
      : yield* refuse(
          `"${["evenkeel", ...path].join(" ")}" has no option ${option}. Options follow the whole command.`,
          path
        )
  }
  const parsed = Parsing.parse(["evenkeel", ...path].join(" "), command.options(), argv.slice(path.length))
  if (parsed._tag === "Mistaken") return yield* refuse(parsed.mistake, path)

  const exit = yield* Effect.exit(command.run(parsed.given))
  if (Exit.isSuccess(exit)) return ExitCode.ok
  const error = Option.getOrUndefined(Cause.failureOption(exit.cause))
  if (error instanceof ExitCode.ExitWith) return error.exitCode
  const failure = Failure.of(exit.cause, argv.includes("--debug"))
  yield* screen.tell(failure.text)
  return failure.exitCode
})

const help = (path: ReadonlyArray<string>, argv: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { columns, environment, isStdoutTerminal, print } = yield* Screen
    const paint = Color.paint(Color.isWanted(colorChoice(argv), isStdoutTerminal, environment))
    const view = { paint, width: columns ?? Infinity }
    const command = CommandTree.find(path)
    yield* print(
      command === undefined
        ? HelpText.ofGroup(path, CommandTree.groupOf(path), CommandTree.commands, view)
        : HelpText.ofCommand(command, view)
    )
    return ExitCode.ok
  })

const completions = (argv: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const at = argv.findIndex((word) => /^--completions(=|$)/.test(word))
    const text = argv[at]?.split("=")[1] ?? argv[at + 1] ?? ""
    const shell = Completions.shells.find((known) => known === text)
    if (shell === undefined) return yield* refuse(`${`--completions ${text}`.trim()}: expected bash, zsh or fish`, [])
    const { print } = yield* Screen
    yield* print(Completions.script(shell, CommandTree.commands))
    return ExitCode.ok
  })

const refuse = (mistake: string, path: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    yield* screen.tell(`evenkeel: ${mistake}\nSee: ${["evenkeel", ...path, "--help"].join(" ")}`)
    return ExitCode.usage
  })
