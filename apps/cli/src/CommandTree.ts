/**
 * All commands: as @effect/cli's tree, which parses the command line, and as a list of their words, which mistakes are
 * compared with.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Apply from "./commands/apply.ts"
import * as Doctor from "./commands/doctor.ts"
import * as History from "./commands/history.ts"
import * as NodeActivate from "./commands/node/activate.ts"
import * as NodeDrain from "./commands/node/drain.ts"
import * as NodeLs from "./commands/node/ls.ts"
import * as NodeMaintain from "./commands/node/maintain.ts"
import * as Pause from "./commands/pause.ts"
import * as Plan from "./commands/plan.ts"
import * as PolicyCommands from "./commands/policy/commands.ts"
import * as Resume from "./commands/resume.ts"
import * as ServiceRollback from "./commands/service/rollback.ts"
import * as Status from "./commands/status.ts"
import * as VersionCommand from "./commands/version.ts"
import { describe } from "./Describing.ts"
import * as Sim from "./sim/commands.ts"

const node = Command.make("node").pipe(
  Command.withDescription(
    describe("Lists nodes, takes them out of service and back.", [
      ["evenkeel node ls", "all nodes"],
      ["evenkeel node drain n3", "move all tasks off n3, then drain it"],
      ["evenkeel node activate n3", "back in service"],
      ["evenkeel node maintain --all", "one node after the other out of service and back"]
    ])
  ),
  Command.withSubcommands([NodeLs.command, NodeDrain.command, NodeActivate.command, NodeMaintain.command])
)

const service = Command.make("service").pipe(
  Command.withDescription(
    describe("What moves and rollbacks of one service need.", [
      ["evenkeel service rollback p2p_vvm1", "back to the previous spec, also after moves"]
    ])
  ),
  Command.withSubcommands([ServiceRollback.command])
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
  Command.withSubcommands([
    Status.command,
    Plan.command,
    Apply.command,
    node,
    service,
    Sim.command,
    Doctor.command,
    History.command,
    Pause.command,
    Resume.command,
    PolicyCommands.command,
    VersionCommand.command
  ])
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
  words(["node", "maintain"], NodeMaintain),
  words(["service", "rollback"], ServiceRollback),
  ...Sim.words.map(({ path, ...command }) => words(path, command)),
  words(["doctor"], Doctor),
  words(["history"], History),
  words(["pause"], Pause),
  words(["resume"], Resume),
  ...PolicyCommands.words.map(({ path, ...command }) => words(path, command)),
  words(["version"], VersionCommand)
]
