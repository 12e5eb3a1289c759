/** All commands, and which of them a command line names. */
import * as Apply from "./commands/apply.ts"
import * as Doctor from "./commands/doctor.ts"
import * as Drill from "./commands/drill.ts"
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
import type { Examples, Leaf } from "./Leaf.ts"
import { didYouMean } from "./Nearest.ts"
import * as Sim from "./sim/commands.ts"

/** Every command that does something, in the order of the help. */
export const commands: ReadonlyArray<Leaf> = [
  Status.command,
  Plan.command,
  Apply.command,
  NodeLs.command,
  NodeDrain.command,
  NodeActivate.command,
  NodeMaintain.command,
  ServiceRollback.command,
  Drill.command,
  ...Sim.commands,
  Doctor.command,
  History.command,
  Pause.command,
  Resume.command,
  ...PolicyCommands.commands,
  VersionCommand.command
]

/** Words that need a further one, by their path: what they are about, with examples. */
const groups: Readonly<Record<string, readonly [about: string, examples: Examples]>> = {
  "": [
    "Keeps a Docker Swarm balanced: shows where tasks are, plans the fewest moves, makes them.",
    [
      ["evenkeel status", "where tasks are, how even that is, what is wrong"],
      ["evenkeel plan", "what would move, and why"],
      ["evenkeel apply", "show the plan, ask, move"],
      ["evenkeel node drain n3", "take all tasks off a node"],
      ["source <(evenkeel --completions bash)", "completion for this shell; also zsh, fish"]
    ]
  ],
  node: [
    "Lists nodes, takes them out of service and back.",
    [
      ["evenkeel node ls", "all nodes"],
      ["evenkeel node drain n3", "move all tasks off n3, then drain it"],
      ["evenkeel node activate n3", "back in service"],
      ["evenkeel node maintain --all", "one node after the other out of service and back"]
    ]
  ],
  service: [
    "Takes a service back to what it was.",
    [["evenkeel service rollback p2p_vvm1", "back to the previous spec, also after moves"]]
  ],
  sim: [
    "Runs an embedded Swarm, and makes faults in it.",
    [
      ["evenkeel sim start --speed 10", "three nodes on sockets, ten times faster than the clock"],
      ["evenkeel sim node crash n2", "lose a node of it"],
      ["evenkeel sim status", "what is lost"]
    ]
  ],
  "sim node": [
    "Makes a node fail, and brings it back.",
    [
      ["evenkeel sim node crash n2", "n2 and its tasks end"],
      ["evenkeel sim node restore n2", "n2 is back"]
    ]
  ],
  "sim service": [
    "Makes a service's tasks slow to start, or unhealthy.",
    [["evenkeel sim service unhealthy vvm1", "its health checks fail"]]
  ],
  "sim api": [
    "Makes the Engine API slow, wrong or silent.",
    [["evenkeel sim api errors --rate 0.2", "every fifth request"]]
  ],
  policy: [
    "Shows and sets what rebalancers go by; kept in the Swarm, the same for all of them.",
    [
      ["evenkeel policy show", "what holds"],
      ["evenkeel policy set mode=act", "from now on rebalancers move tasks"],
      ["evenkeel policy unset mode", "as their environment says"]
    ]
  ]
}

/** The words that may follow `path`. */
export const wordsAfter = (path: ReadonlyArray<string>): ReadonlyArray<string> => {
  const under = commands.filter((command) => path.every((word, at) => command.path[at] === word))
  return [...new Set(under.flatMap((command) => command.path[path.length] ?? []))]
}

/** The command of these words; undefined where they name none, or a group. */
export const find = (path: ReadonlyArray<string>): Leaf | undefined =>
  commands.find((command) => command.path.join(" ") === path.join(" "))

/** What the words of a group are about; empty for words that are none. */
export const groupOf = (path: ReadonlyArray<string>): { readonly about: string; readonly examples: Examples } => {
  const [about, examples] = groups[path.join(" ")] ?? ["", []]
  return { about, examples }
}

export interface Named {
  /** The words that name a command or a group: `["node", "drain"]`. */
  readonly path: ReadonlyArray<string>
  /** What is wrong with the word behind them, as a sentence; null where nothing is. */
  readonly mistake: string | null
}

/** The words at the beginning of the command line that name a command. */
export const pathOf = (argv: ReadonlyArray<string>): Named => {
  const path: Array<string> = []
  for (const word of argv) {
    const next = wordsAfter(path)
    if (word.startsWith("-") || next.length === 0) break
    if (!next.includes(word)) return { path, mistake: unknownCommand(path, word, next) }
    path.push(word)
  }
  return { path, mistake: null }
}

/** A word that is a command elsewhere is more likely meant than one that looks like it here. */
const unknownCommand = (path: ReadonlyArray<string>, word: string, next: ReadonlyArray<string>): string => {
  const elsewhere = commands.find((command) => command.path.at(-1) === word)?.path.join(" ")
  const hint = elsewhere === undefined ? didYouMean(word, next) : ` Did you mean "${elsewhere}"?`
  return `there is no command "${["evenkeel", ...path, word].join(" ")}".${hint}`
}
