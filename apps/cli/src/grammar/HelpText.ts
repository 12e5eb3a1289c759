/** A command's help, or a group's: examples first, one line for each parameter, broken only where a terminal's lines end. */
import { type Paint, widthOf } from "../Color.ts"
import type { Examples, Leaf } from "../Leaf.ts"
import type { Parameter } from "./Parameter.ts"

export interface HelpView {
  readonly paint: Paint
  /** Columns of the terminal; Infinity where there is none. */
  readonly width: number
}

type Rows = ReadonlyArray<readonly [name: string, about: string]>

const sections = (
  about: string,
  parts: ReadonlyArray<readonly [heading: string, lines: ReadonlyArray<string>]>,
  view: HelpView
) =>
  `${[
    broken(about, 0, view.width),
    ...parts.flatMap(([heading, lines]) =>
      lines.length === 0 ? [] : [[view.paint.bold(heading), ...lines].join("\n")]
    )
  ].join("\n\n")}\n`

/** Words in lines of at most `width` columns; further lines begin below the first one's text. */
const broken = (text: string, indent: number, width: number): string => {
  if (indent + widthOf(text) <= width || width - indent < 20) return text
  const lines: Array<string> = []
  for (const word of text.split(" ")) {
    const last = lines.at(-1)
    if (last !== undefined && indent + widthOf(last) + 1 + widthOf(word) <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.join(`\n${" ".repeat(indent)}`)
}

const aligned = (rows: Rows, { width }: HelpView): ReadonlyArray<string> => {
  const nameWidth = Math.max(...rows.map(([name]) => widthOf(name)))
  const indent = nameWidth + 4
  return rows.map(([name, about]) => `  ${name.padEnd(nameWidth)}  ${broken(about, indent, width)}`.trimEnd())
}

const examplesOf = (examples: Examples): Rows => examples.map(([line, meaning]) => [`$ ${line}`, meaning])

/** `-n, --limit number`. */
const optionName = ({ name, placeholder, short }: Parameter<unknown>): string =>
  [short === null ? `--${name}` : `-${short}, --${name}`, ...(placeholder === "" ? [] : [placeholder])].join(" ")

const argumentName = ({ least, most, name }: Parameter<unknown>): string => {
  const word = `<${name}>${most > 1 ? "..." : ""}`
  return least === 0 ? `[${word}]` : word
}

export const ofCommand = ({ about, examples, options, path }: Leaf, view: HelpView): string => {
  const all = Object.values(options())
  const args = all.filter(({ kind }) => kind === "argument")
  const usage = ["evenkeel", ...path, "[options]", ...args.map(argumentName)].join(" ")
  const rows = (of: ReadonlyArray<Parameter<unknown>>, name: (parameter: Parameter<unknown>) => string) =>
    of.length === 0
      ? []
      : aligned(
          of.map((each) => [name(each), each.about] as const),
          view
        )
  return sections(
    about,
    [
      ["EXAMPLES", aligned(examplesOf(examples), view)],
      ["USAGE", [`  ${usage}`]],
      ["ARGUMENTS", rows(args, ({ name }) => `<${name}>`)],
      [
        "OPTIONS",
        rows(
          all.filter(({ kind }) => kind !== "argument"),
          optionName
        )
      ]
    ],
    view
  )
}

/** `commands`: all there are; those below `path` are listed. */
export const ofGroup = (
  path: ReadonlyArray<string>,
  { about, examples }: { readonly about: string; readonly examples: Examples },
  commands: ReadonlyArray<Pick<Leaf, "path" | "about">>,
  view: HelpView
): string => {
  const below = commands.filter((command) => path.every((word, at) => command.path[at] === word))
  const rows = below.map((command) => [command.path.slice(path.length).join(" "), command.about] as const)
  return sections(
    about,
    [
      ["EXAMPLES", aligned(examplesOf(examples), view)],
      ["USAGE", [`  ${["evenkeel", ...path, "<command>", "[options]"].join(" ")}`]],
      ["COMMANDS", aligned(rows, view)]
    ],
    view
  )
}
