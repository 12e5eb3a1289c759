/**
 * Whether to colour, and the few colours there are. A colour never carries a meaning that the words do not have.
 */

export const choices = ["auto", "always", "never"] as const
export type ColorChoice = (typeof choices)[number]

/**
 * The flag decides; with `auto` then NO_COLOR (any text: off; no-color.org), FORCE_COLOR (`0` off, else on), TERM=dumb (off),
 * and whether the stream is a terminal.
 */
export const isWanted = (
  choice: ColorChoice,
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>
): boolean => {
  if (choice !== "auto") return choice === "always"
  if ((environment["NO_COLOR"] ?? "") !== "") return false
  const force = environment["FORCE_COLOR"]
  if (force !== undefined && force !== "") return force !== "0"
  return isTerminal && environment["TERM"] !== "dumb"
}

export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

const escape = "\u001b["

const sgr = (open: number, close: number) => (text: string) =>
  text === "" ? "" : `${escape}${open}m${text}${escape}${close}m`

const inColor: Paint = { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), yellow: sgr(33, 39) }

const asIs = (text: string): string => text
const plain: Paint = { bold: asIs, dim: asIs, red: asIs, green: asIs, yellow: asIs }

export const paint = (color: boolean): Paint => (color ? inColor : plain)

const sequence = new RegExp(`${escape.replace("[", "\\[")}[0-9;]*m`, "g")

/** The text without any colour. */
export const strip = (text: string): string => text.replace(sequence, "")

/** How many columns the text takes; colours take none. Names in a Swarm are ASCII, so a character is a column. */
export const widthOf = (text: string): number => [...strip(text)].length
