/** How a command describes itself: what it does, and examples, which its help shows first. */
import * as HelpDoc from "@effect/cli/HelpDoc"

/** Command lines with what they do. */
export type Examples = ReadonlyArray<readonly [line: string, meaning: string]>

/** The heading that `HelpText` looks for. */
export const examplesHeading = "EXAMPLES"

/** Between an example and its meaning. */
export const exampleSeparator = "   # "

export const describe = (about: string, examples: Examples): HelpDoc.HelpDoc =>
  HelpDoc.blocks([
    HelpDoc.p(about),
    HelpDoc.h1(examplesHeading),
    ...examples.map(([line, meaning]) => HelpDoc.p(`$ ${line}${exampleSeparator}${meaning}`))
  ])
