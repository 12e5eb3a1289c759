/**
 * One command: its words, what it takes, its help, and where its action is found. What a command costs is paid by those who run
 * it: its action, a module of `actions` with all that it needs, is loaded when it is run.
 */
import * as Effect from "effect/Effect"
import type { Prober } from "./drill/Prober.ts"
import type { EngineAccess } from "./EngineAccess.ts"
import type { FileAccess } from "./FileAccess.ts"
import type { Given, Parameters } from "./grammar/Parameter.ts"
import type { Screen } from "./Screen.ts"
import type { ShellCommand } from "./ShellCommand.ts"

/** What actions may use. */
export type Needs = Screen | EngineAccess | FileAccess | ShellCommand | Prober

/** Command lines with what they do. */
export type Examples = ReadonlyArray<readonly [line: string, meaning: string]>

export interface Leaf {
  /** The words that name it: `["node", "drain"]`. */
  readonly path: ReadonlyArray<string>
  /** What it does, as a sentence. */
  readonly about: string
  readonly examples: Examples
  readonly options: () => Parameters
  /** `given`: what `Parsing` made of the command line by these options. */
  readonly run: (given: Readonly<Record<string, unknown>>) => Effect.Effect<void, unknown, Needs>
}

/** `load` gives the module whose `run` is the command's action. */
export const make = <const P extends () => Parameters, E, R extends Needs>({
  about,
  examples,
  load,
  options,
  path
}: {
  readonly path: ReadonlyArray<string>
  readonly about: string
  readonly examples: Examples
  readonly options: P
  readonly load: () => Promise<{ readonly run: (given: Given<P>) => Effect.Effect<void, E, R> }>
}): Leaf => ({
  path,
  about,
  examples,
  options,
  // Made by these very options.
  run: (given) => Effect.flatMap(Effect.promise(load), ({ run }) => run(given as Given<P>))
})
