/**
 * All commands: as @effect/cli's tree, which parses the command line, and as a list of their words, which mistakes are
 * compared with.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Apply from "./commands/apply.ts"
import * as NodeActivate from "./commands/node/activate.ts"
import * as NodeDrain from "./commands/node/drain.ts"
import * as NodeLs from "./commands/node/ls.ts"
import * as Plan from "./commands/plan.ts"
import * as Status from "./commands/status.ts"
import * as VersionCommand from "./commands/version.ts"
import { describe } from "./Describing.ts"

const node = Command.make("node").pipe(
  Command.withDescription(
    describe("Lists nodes, takes them out of service and back.", [
      ["evenkeel node ls", "all nodes"],
      ["evenkeel node drain n3", "take all tasks off n3"],
      ["evenkeel node activate n3", "back in service"]
    ])
  ),
  Command.withSubcommands([NodeLs.command, NodeDrain.command, NodeActivate.command])
)

export const root = Command.make("evenkeel").pipe(
  Command.withDescription(
    describe("Keeps a Docker Swarm balanced: shows where tasks are, plans the fewest moves, makes them.", [
      ["evenkeel status", "where tasks are, how even that is, what is wrong"],
      ["evenkeel plan", "what would move, and why"],
      ["evenkeel apply", "show the plan, ask, move"],
      ["evenkeel node drain n3", "take all tasks off a node"],
      ["source <(evenkeel --completions bash)", "completion for this shell; also zsh, fish"]
    ])
  ),
  Command.withSubcommands([Status.command, Plan.command, Apply.command, node, VersionCommand.command])
)

/** The words that name a command, and its options. */
export interface CommandWords {
  readonly path: ReadonlyArray<string>
  /** What it does, as a sentence. */
  readonly about: string
  /** Long names, without the dashes. */
  readonly options: ReadonlyArray<string>
}

/** `detailedExitcode` is `--detailed-exitcode`. */
const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

const words = (
  path: ReadonlyArray<string>,
  { about, options }: { readonly about: string; readonly options: Readonly<Record<string, object>> }
): CommandWords => ({
  path,
  about,
  options: Object.entries(options).flatMap(([name, option]) => (Args.isArgs(option) ? [] : [kebab(name)]))
})

/** Every command that does something. */
export const commands: ReadonlyArray<CommandWords> = [
  words(["status"], Status),
  words(["plan"], Plan),
  words(["apply"], Apply),
  words(["node", "ls"], NodeLs),
  words(["node", "drain"], NodeDrain),
  words(["node", "activate"], NodeActivate),
  words(["version"], VersionCommand)
]
