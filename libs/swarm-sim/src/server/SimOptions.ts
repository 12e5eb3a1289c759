/** How an embedded Swarm is run as a process: options with their defaults, and the words of a command line that set them. */
import { parseArgs } from "node:util"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { DurationMillis } from "@evenkeel/domain/Durations"

export interface SimOptions {
  readonly nodes: number
  /** The first of them are managers. */
  readonly managers: number
  /** Folder for `n1.sock`, `n2.sock`, … and `sim.sock`; null with `tcpPort`, else a new folder that is removed at the end. */
  readonly socketsFolder: string | null
  /** `127.0.0.1:PORT` is the simulation's own address, node i is one port further up each; null: sockets. 0 takes free ports. */
  readonly tcpPort: number | null
  /** Simulated seconds per second; 0: the clock stands until it is moved by `/_sim/advance`. */
  readonly speed: number
  readonly seed: number
  readonly runtime: "virtual" | "loopback"
  /** A module that exports `startVvm` (or `start`): what loopback tasks run. */
  readonly workload: string | null
  /** The Swarm's dispatcher heartbeat, in simulated milliseconds. */
  readonly heartbeatMillis: number
}

export const defaults: SimOptions = {
  nodes: 3,
  managers: 3,
  socketsFolder: null,
  tcpPort: null,
  speed: 1,
  seed: 1,
  runtime: "virtual",
  workload: null,
  heartbeatMillis: 5_000
}

/** Represents options that no embedded Swarm can be run with. */
export class SimOptionsInvalid extends Schema.TaggedError<SimOptionsInvalid>()("SimOptionsInvalid", {
  problems: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return this.problems.join("\n")
  }
}

/** What is wrong with them; empty when nothing is. */
export const problemsOf = (options: SimOptions): ReadonlyArray<string> => {
  const isWhole = (value: number, from: number, to: number) => Number.isInteger(value) && value >= from && value <= to
  return [
    ...(isWhole(options.nodes, 1, 10_000) ? [] : [`--nodes: expected 1 to 10000, got ${options.nodes}`]),
    ...(isWhole(options.managers, 1, options.nodes)
      ? []
      : [`--managers: expected 1 to the number of nodes (${options.nodes}), got ${options.managers}`]),
    ...(options.speed >= 0 && options.speed <= 1000 ? [] : [`--speed: expected 0 to 1000, got ${options.speed}`]),
    ...(isWhole(options.seed, 0, 0xffff_ffff) ? [] : [`--seed: expected a whole number, got ${options.seed}`]),
    ...(options.tcpPort === null || isWhole(options.tcpPort, 0, 65_535 - options.nodes)
      ? []
      : [`--tcp: expected a port, got ${options.tcpPort}`]),
    ...(options.heartbeatMillis >= 100 ? [] : [`--heartbeat: expected 100ms or more`]),
    ...(options.runtime === "loopback" && options.workload === null
      ? ["--runtime loopback: name what tasks run, --workload <module exporting startVvm>"]
      : [])
  ]
}

export const usage = `Usage: node main.js [options]

  --nodes N        Nodes n1 to nN. Default: ${defaults.nodes}.
  --managers M     How many of them are managers. Default: ${defaults.managers}, at most all.
  --sockets DIR    Where the nodes' sockets are made: DIR/n1.sock, …, DIR/sim.sock. Default: a new folder.
  --tcp PORT       TCP on 127.0.0.1 instead: the simulation on PORT, n1 on PORT+1, …; 0 takes free ports.
  --speed X        Simulated seconds per second; 0: the clock is moved by POST /_sim/advance. Default: ${defaults.speed}.
  --seed N         Equal seeds give equal runs. Default: ${defaults.seed}.
  --runtime R      virtual: tasks are states only; loopback: each is a server on 127.77.x.y. Default: ${defaults.runtime}.
  --workload FILE  What loopback tasks run: a module exporting startVvm.
  --heartbeat D    Swarm's heartbeat, in simulated time. Default: 5s.
`

const decodeDuration = Schema.decodeUnknownOption(DurationMillis)

const numberOf = (text: string | undefined, fallback: number): number =>
  text === undefined || text.trim() === "" ? fallback : Number(text)

/** Throws SimOptionsInvalid. */
export const fromArguments = (argv: ReadonlyArray<string>): SimOptions | "help" => {
  const option = { type: "string" } as const
  const parse = () =>
    parseArgs({
      args: [...argv],
      options: {
        nodes: option,
        managers: option,
        sockets: option,
        tcp: option,
        speed: option,
        seed: option,
        runtime: option,
        workload: option,
        heartbeat: option,
        help: { type: "boolean", short: "h" }
      }
    }).values
  let values: ReturnType<typeof parse>
  try {
    values = parse()
  } catch (cause) {
    throw new SimOptionsInvalid({ problems: [cause instanceof Error ? cause.message : String(cause)] })
  }
  if (values.help === true) return "help"
  const noNumbers = (["nodes", "managers", "tcp", "speed", "seed"] as const).filter((name) =>
    Number.isNaN(Number(values[name] ?? 0))
  )
  if (noNumbers.length > 0)
    throw new SimOptionsInvalid({
      problems: noNumbers.map((name) => `--${name}: expected a number, got "${values[name]}"`)
    })
  const runtime = values.runtime ?? defaults.runtime
  const nodes = numberOf(values.nodes, defaults.nodes)
  const options: SimOptions = {
    nodes,
    managers: numberOf(values.managers, Math.min(defaults.managers, nodes)),
    socketsFolder: values.sockets ?? null,
    tcpPort: values.tcp === undefined ? null : Number(values.tcp),
    speed: numberOf(values.speed, defaults.speed),
    seed: numberOf(values.seed, defaults.seed),
    runtime: runtime === "loopback" ? "loopback" : "virtual",
    workload: values.workload ?? null,
    heartbeatMillis:
      values.heartbeat === undefined
        ? defaults.heartbeatMillis
        : Option.getOrElse(decodeDuration(values.heartbeat), () => Number.NaN)
  }
  const problems = [
    ...(runtime === "loopback" || runtime === "virtual"
      ? []
      : [`--runtime: expected virtual or loopback, got ${runtime}`]),
    ...problemsOf(options)
  ]
  if (problems.length > 0) throw new SimOptionsInvalid({ problems })
  return options
}
