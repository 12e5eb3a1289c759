/**
 * Reads the words behind a command by its parameters. Node's `parseArgs` takes the words apart, as GNU programs do: options
 * anywhere, `--name value` or `--name=value`, `-n value` or `-nvalue`, flags of one letter together, all words after `--`
 * arguments. What they may be, and the first mistake as a sentence, is decided here.
 */
import { parseArgs } from "node:util"
import { didYouMean } from "../Nearest.ts"
import type { Parameter, Parameters } from "./Parameter.ts"

export type Parsed =
  | { readonly _tag: "Understood"; readonly given: Readonly<Record<string, unknown>> }
  | { readonly _tag: "Mistaken"; readonly mistake: string }

const mistaken = (mistake: string): Parsed => ({ _tag: "Mistaken", mistake })

/** `command`: its words with the program's name, for mistakes. */
export const parse = (command: string, parameters: Parameters, words: ReadonlyArray<string>): Parsed => {
  const all = Object.values(parameters)
  const options = new Map(all.filter(({ kind }) => kind !== "argument").map((parameter) => [parameter.name, parameter]))
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(Array.from(options.values(), (parameter) => [parameter.name, typeOf(parameter)])),
    strict: false,
    allowPositionals: true,
    tokens: true
  })
  const texts = new Map<Parameter<unknown>, Array<string>>(all.map((parameter) => [parameter, []]))
  const rest: Array<string> = []
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value)
    if (token.kind !== "option") continue
    const found = options.get(token.name)
    if (found === undefined) return mistaken(unknownOption(command, token.rawName, all))
    const text = token.value
    if (found.kind === "flag" && text !== undefined)
      return mistaken(`${token.rawName} takes no value: "${words[token.index]}"`)
    // `--host --json` has forgotten the value; one that does begin with dashes is written `--because=--x`.
    if (found.kind === "option" && (text === undefined || (!token.inlineValue && text.startsWith("--"))))
      return mistaken(`${token.rawName} needs a value: ${found.placeholder}`)
    texts.get(found)?.push(text ?? "")
  }
  return valuesOf(command, parameters, texts, rest)
}

const typeOf = ({ kind, short }: Parameter<unknown>) => ({
  type: kind === "flag" ? ("boolean" as const) : ("string" as const),
  ...(short === null ? {} : { short })
})

const unknownOption = (command: string, option: string, all: ReadonlyArray<Parameter<unknown>>): string => {
  const own = all.filter(({ kind }) => kind !== "argument").map(({ name }) => `--${name}`)
  const known = [...own, "--json", "--help", "--version"]
  return `"${command}" has no option ${option}.${option.startsWith("--") ? didYouMean(option, known) : ""}`
}

const valuesOf = (
  command: string,
  parameters: Parameters,
  texts: ReadonlyMap<Parameter<unknown>, Array<string>>,
  words: ReadonlyArray<string>
): Parsed => {
  const rest = [...words]
  const given: Record<string, unknown> = {}
  for (const [key, parameter] of Object.entries(parameters)) {
    const typed = parameter.kind === "argument" ? rest.splice(0, parameter.most) : (texts.get(parameter) ?? [])
    if (typed.length < parameter.least) return mistaken(`"${command}" needs <${parameter.name}>`)
    // As "$NODE" is where nothing is in it.
    if (parameter.kind === "argument" && typed.includes("")) return mistaken(`<${parameter.name}> is empty`)
    const reading = parameter.read(typed)
    if (reading._tag === "Wrong") return mistaken(`--${parameter.name} ${reading.text}: expected ${reading.expected}`)
    given[key] = reading.value
  }
  const [surplus] = rest
  return surplus === undefined
    ? { _tag: "Understood", given }
    : mistaken(`"${command}" takes no ${words.length > rest.length ? "further " : ""}argument: "${surplus}"`)
}
