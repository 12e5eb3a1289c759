/** The demo's command line: words, defaults, help. Decides nothing else. */
import { parseArgs } from "node:util"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { nodeCount } from "./sim/SimSite.ts"

export interface DemoOptions {
  /** Simulated seconds per second. */
  readonly speed: number
  readonly seed: number
  /** Hostname of the node that is lost. */
  readonly node: string
  readonly fault: "crash" | "black-hole"
  /** Leaves the cluster running at the end. */
  readonly keep: boolean
  /** The result as JSON on standard output, and nothing else there. */
  readonly json: boolean
  /** Ports of 127.0.0.1 even where 127.0.0.0/8 can be bound. */
  readonly portsOnly: boolean
}

export const defaults: DemoOptions = {
  speed: 10,
  seed: 1,
  node: "n2",
  fault: "crash",
  keep: false,
  json: false,
  portsOnly: false
}

/** Represents a command line that cannot be followed; one line for each problem. */
export class OptionsInvalid extends Schema.TaggedError<OptionsInvalid>()("OptionsInvalid", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `${this.problems.join("\n")}\nSee npm start -- --help`
  }
}

const nodeNames = Array.from({ length: nodeCount }, (_, i) => `n${i + 1}`)

export const help = `Evenkeel in a minute: loses a node of an embedded Swarm under load, three times: with Swarm's own mesh (modelled),
with Swarm alone behind Evenkeel's routers, and with Evenkeel.

Usage: npm start -- [options]

  --speed X     Simulated seconds per second, 1 to 30. Default: ${defaults.speed}.
  --seed N      What Swarm leaves to chance. Default: ${defaults.seed}.
  --node NAME   The node that is lost: ${nodeNames.join(", ")}. Default: ${defaults.node}.
  --fault F     crash: its machine ends; black-hole: it is cut off and runs on. Default: ${defaults.fault}.
  --keep        Leaves the cluster running with Evenkeel and says what to try next.
  --json        The result as JSON on standard output.
  --ports       Ports of 127.0.0.1 instead of an address for each task, as on machines without 127.0.0.0/8.
  --help        This.

Examples:
  npm start                                   the story, and the table of its runs
  npm start -- --fault black-hole --node n1   cut off the node that leads at first
  npm start -- --speed 5 --seed 7             slower, and another history
  npm start -- --keep                         then look around with docker and evenkeel
  npm start -- --json > result.json           what was measured

Needs no Docker and no root. Exit code 0: as promised; 1: not as promised, or a failure; 2: wrong options.
`

export const parse = (args: ReadonlyArray<string>): Either.Either<DemoOptions | "help", OptionsInvalid> => {
  const text = { type: "string" } as const
  const flag = { type: "boolean", default: false } as const
  const read = () =>
    parseArgs({
      args: [...args],
      options: {
        speed: text,
        seed: text,
        node: text,
        fault: text,
        keep: flag,
        json: flag,
        ports: flag,
        help: { type: "boolean", short: "h", default: false }
      }
    }).values
  let values: ReturnType<typeof read>
  try {
    values = read()
  } catch (error) {
    return Either.left(new OptionsInvalid({ problems: [error instanceof Error ? error.message : String(error)] }))
  }
  if (values.help) return Either.right("help")
  const speed = Number(values.speed ?? defaults.speed)
  const seed = Number(values.seed ?? defaults.seed)
  const { fault = defaults.fault, json, keep, node = defaults.node, ports: portsOnly } = values
  const problems = [
    ...(speed >= 1 && speed <= 30 ? [] : [`--speed: expected 1 to 30, got ${values.speed}`]),
    ...(Number.isInteger(seed) && seed >= 0 && seed <= 0xffff_ffff
      ? []
      : [`--seed: expected a whole number, got ${values.seed}`]),
    ...(nodeNames.includes(node) ? [] : [`--node: expected one of ${nodeNames.join(", ")}, got ${node}`]),
    ...(fault === "crash" || fault === "black-hole" ? [] : [`--fault: expected crash or black-hole, got ${fault}`]),
    ...(json && keep ? ["--keep and --json: choose one of them"] : [])
  ]
  if (problems.length > 0) return Either.left(new OptionsInvalid({ problems }))
  return Either.right({
    speed,
    seed,
    node,
    fault: fault === "black-hole" ? "black-hole" : "crash",
    keep,
    json,
    portsOnly
  })
}
