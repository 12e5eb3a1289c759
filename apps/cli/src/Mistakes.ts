/**
 * Finds words of the command line that name nothing, before @effect/cli sees them: it would take the value of a misspelt
 * option for an argument, and a misspelt subcommand for one of the command above it. Everything else is left to it.
 */
import type { CommandWords } from "./CommandTree.ts"
import { didYouMean } from "./Nearest.ts"

/** Options that every command has. */
const builtIn = ["help", "version", "completions"]

export interface Parsed {
  /** The words that name a command: `["node", "drain"]`. */
  readonly path: ReadonlyArray<string>
  /** What is wrong, as a sentence; null when nothing was found. */
  readonly mistake: string | null
}

/** Reads the words up to `--`. */
export const find = (argv: ReadonlyArray<string>, commands: ReadonlyArray<CommandWords>): Parsed => {
  const path: Array<string> = []
  const under = () => commands.filter(({ path: words }) => path.every((word, at) => words[at] === word))
  let at = 0
  for (; at < argv.length; at++) {
    const word = argv[at] ?? ""
    const next = [...new Set(under().flatMap((command) => command.path[path.length] ?? []))]
    if (word.startsWith("-") || next.length === 0) break
    if (!next.includes(word)) {
      const typed = ["evenkeel", ...path, word].join(" ")
      const whole = commands.map((command) => command.path.at(-1) ?? "").filter((last) => last === word)
      const elsewhere = commands.find((command) => command.path.at(-1) === word)?.path.join(" ")
      const hint =
        whole.length > 0 && elsewhere !== undefined ? ` Did you mean "${elsewhere}"?` : didYouMean(word, next)
      return { path, mistake: `there is no command "${typed}".${hint}` }
    }
    path.push(word)
  }
  const command = commands.find(({ path: words }) => words.join(" ") === path.join(" "))
  const known = [...(command?.options ?? []), ...builtIn]
  for (const word of argv.slice(at)) {
    if (word === "--") break
    const name = /^--([^=]+)/.exec(word)?.[1]
    if (name === undefined || known.includes(name)) continue
    const hint = didYouMean(
      `--${name}`,
      known.map((option) => `--${option}`)
    )
    return { path, mistake: `"${["evenkeel", ...path].join(" ")}" has no option --${name}.${hint}` }
  }
  return { path, mistake: null }
}
