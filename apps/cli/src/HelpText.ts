/**
 * @effect/cli's help as this command shows it: examples first, the command's whole name in the usage line, one line for each
 * option, without what goes without saying, coloured only where colour is wanted.
 */
import { type Paint, strip } from "./Color.ts"
import type { CommandWords } from "./CommandTree.ts"
import { exampleSeparator, examplesHeading } from "./Describing.ts"

const isHeading = (line: string): boolean => /^[A-Z]{4,}$/.test(line)

/** Lines that say of an option what its first line says already. */
const isSelfEvident = (line: string): boolean =>
  /^(A true or false value\.|A user-defined piece of text\.|This setting is optional\.|This option can be set.*|One of the following: .*)$/.test(
    line.trim()
  )

interface Section {
  readonly heading: string
  readonly lines: Array<string>
}

const sectionsOf = (text: string): ReadonlyArray<Section> => {
  const sections: Array<Section> = [{ heading: "", lines: [] }]
  for (const line of strip(text)
    .split("\n")
    .map((raw) => raw.trimEnd())) {
    if (isHeading(line)) sections.push({ heading: line, lines: [] })
    else if (line !== "" && !isSelfEvident(line)) sections.at(-1)?.lines.push(line)
  }
  return sections
}

const order = ["", "DESCRIPTION", examplesHeading, "USAGE", "COMMANDS", "ARGUMENTS", "OPTIONS"]

/** `path`: the words that name the command. */
export const render = (
  text: string,
  path: ReadonlyArray<string>,
  commands: ReadonlyArray<CommandWords>,
  paint: Paint
): string => {
  const sections = sectionsOf(text)
  const parts = order.flatMap((heading) => {
    const lines = sections.filter((section) => section.heading === heading).flatMap((section) => section.lines)
    if (lines.length === 0 || heading === "") return []
    if (heading === "DESCRIPTION") return [lines.join("\n")]
    return [[paint.bold(heading), ...bodyOf(heading, lines, path, commands)].join("\n")]
  })
  return `${parts.join("\n\n")}\n`
}

const bodyOf = (
  heading: string,
  lines: ReadonlyArray<string>,
  path: ReadonlyArray<string>,
  commands: ReadonlyArray<CommandWords>
): ReadonlyArray<string> => {
  switch (heading) {
    case "USAGE":
      return [usageLine(lines[0] ?? "", path)]
    case "COMMANDS":
      return commandLines(path, commands)
    case examplesHeading:
      return aligned(lines.map((line) => line.split(exampleSeparator)))
    default:
      return described(lines)
  }
}

/** `$ drain [(-y, --yes)] <node>` → `  evenkeel node drain [options] <node>`. */
const usageLine = (line: string, path: ReadonlyArray<string>): string => {
  const isGroup = !/[[<]/.test(line)
  const args = line.match(/\[?<[^>]+>\]?/g) ?? []
  return `  ${["evenkeel", ...path, ...(isGroup ? ["<command>"] : []), "[options]", ...args].join(" ")}`
}

const commandLines = (path: ReadonlyArray<string>, commands: ReadonlyArray<CommandWords>): ReadonlyArray<string> =>
  aligned(
    commands
      .filter((command) => path.every((word, at) => command.path[at] === word))
      .map((command) => [command.path.slice(path.length).join(" "), command.about])
  )

const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const width = Math.max(...rows.map(([name]) => name?.length ?? 0))
  return rows.map(([name = "", about = ""]) => `  ${name.padEnd(width)}  ${about}`.trimEnd())
}

/** An option or argument and, behind it, what it means. Lines that are not indented name one. */
const described = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const rows: Array<{ readonly name: string; readonly about: Array<string> }> = []
  for (const line of lines) {
    if (/^\s/.test(line)) rows.at(-1)?.about.push(line.trim())
    else rows.push({ name: line.replace(/^\((.*)\)$/, "$1"), about: [] })
  }
  return aligned(rows.map(({ about, name }) => [name, about.join(" ")]))
}
