/** `evenkeel sim …`: runs an embedded Swarm, and makes faults in one. Words, options and help; what they do is in `Faults`. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Effect from "effect/Effect"
import * as CommonOptions from "../CommonOptions.ts"
import { describe, type Examples } from "../Describing.ts"
import { lazily } from "../Lazily.ts"
import * as Start from "./start.ts"

const common = {
  sim: Options.text("sim").pipe(
    Options.withPseudoName("url"),
    Options.withDescription(
      "The embedded Swarm, by any of its endpoints: unix:///path or tcp://host:port. Default: DOCKER_HOST."
    ),
    Options.optional
  ),
  ...CommonOptions.output
}

const node = Args.text({ name: "node" }).pipe(Args.withDescription("Hostname or id."))
const service = Args.text({ name: "service" }).pipe(Args.withDescription("Name or id."))
const someNode = Options.text("node").pipe(
  Options.withPseudoName("node"),
  Options.withDescription("Hostname or id. Default: all nodes."),
  Options.optional
)
const off = Options.boolean("off").pipe(Options.withDescription("End the fault."))

const number = (name: string, fallback: number, isValid: (value: number) => boolean, expected: string, about: string) =>
  Options.text(name).pipe(
    Options.withPseudoName("number"),
    Options.withDefault(String(fallback)),
    Options.mapEffect((text) => {
      const value = Number(text)
      return text.trim() !== "" && isValid(value)
        ? Effect.succeed(value)
        : Effect.fail(ValidationError.invalidValue(HelpDoc.p(`--${name} ${text}: expected ${expected}`)))
    }),
    Options.withDescription(about)
  )

/** A command's words and options, as `CommandTree` compares mistakes with them. */
export interface SimWords {
  readonly path: ReadonlyArray<string>
  readonly about: string
  readonly options: Readonly<Record<string, object>>
}

const described = (about: string, examples: Examples) => Command.withDescription(describe(about, examples))

const statusAbout = "Shows the nodes of an embedded Swarm, their faults and endpoints."
const status = Command.make(
  "status",
  common,
  lazily(async () => ({ run: (await import("./Faults.ts")).status }))
).pipe(described(statusAbout, [["evenkeel sim status", "nodes, faults, endpoints"]]))

const nodeOptions = { node, ...common }

const nodeFaults = [
  ["crash", "crash", "Crashes a node: engine and tasks end at once, its endpoint closes."],
  ["black-hole", "black-hole", "Cuts a node off: it runs on, nothing reaches it or comes from it."],
  ["restore", "restore", "Brings a crashed or cut-off node back; its tasks stay where Swarm has put them."],
  ["restart", "restart-dockerd", "Restarts a node's engine; Swarm does not take the node for lost."]
] as const

const nodeFault = ([word, tag, about]: (typeof nodeFaults)[number]) =>
  Command.make(
    word,
    nodeOptions,
    lazily(async () => ({ run: (await import("./Faults.ts")).nodeFault(tag) }))
  ).pipe(described(about, [[`evenkeel sim node ${word} n2`, "and show the nodes"]]))

const flapOptions = {
  node,
  period: CommonOptions.duration("period", 2_000, "Cut off for half of it, there for the other half. Default: 2s."),
  times: number("times", 3, (value) => Number.isInteger(value) && value > 0, "a whole number above 0", "Default: 3."),
  ...common
}
const flapAbout = "Cuts a node off and brings it back, again and again."
const flap = Command.make(
  "flap",
  flapOptions,
  lazily(async () => ({ run: (await import("./Faults.ts")).flap }))
).pipe(
  described(flapAbout, [["evenkeel sim node flap n2 --period 5s --times 4", "four times in 20 s of simulated time"]])
)

const slowOptions = {
  service,
  by: CommonOptions.duration("by", 10_000, "How much later its tasks start; 0s ends it. Default: 10s."),
  ...common
}
const slowAbout = "Makes new tasks of a service start slowly."
const slowStart = Command.make(
  "slow-start",
  slowOptions,
  lazily(async () => ({ run: (await import("./Faults.ts")).slowStart }))
).pipe(described(slowAbout, [["evenkeel sim service slow-start vvm1 --by 30s", "in simulated time"]]))

const unhealthyOptions = { service, off, ...common }
const unhealthyAbout = "Makes the health checks of a service's tasks fail."
const unhealthy = Command.make(
  "unhealthy",
  unhealthyOptions,
  lazily(async () => ({ run: (await import("./Faults.ts")).unhealthy }))
).pipe(
  described(unhealthyAbout, [
    ["evenkeel sim service unhealthy vvm1", "its tasks fail as soon as their checks do"],
    ["evenkeel sim service unhealthy vvm1 --off", "healthy again"]
  ])
)

const leaderAbout = "Makes the managers elect another leader; nodes are unknown until they have reported to it."
const leaderChange = Command.make(
  "leader-change",
  common,
  lazily(async () => ({ run: (await import("./Faults.ts")).leaderChange }))
).pipe(described(leaderAbout, [["evenkeel sim leader-change", "and show the nodes"]]))

const latencyOptions = {
  node: someNode,
  by: CommonOptions.duration("by", 500, "How much later every answer comes; 0s ends it. Default: 500ms."),
  ...common
}
const latencyAbout = "Makes the Engine API answer late."
const latency = Command.make(
  "latency",
  latencyOptions,
  lazily(async () => ({ run: (await import("./Faults.ts")).latency }))
).pipe(described(latencyAbout, [["evenkeel sim api latency --by 2s --node n1", "n1 only"]]))

const errorsOptions = {
  node: someNode,
  rate: number("rate", 0.5, (value) => value >= 0 && value <= 1, "a number from 0 to 1", "Default: 0.5; 0 ends it."),
  status: number(
    "status",
    500,
    (value) => Number.isInteger(value) && value >= 400 && value < 600,
    "a status from 400 to 599",
    "Default: 500."
  ),
  ...common
}
const errorsAbout = "Makes the Engine API answer some requests with an error."
const errors = Command.make(
  "errors",
  errorsOptions,
  lazily(async () => ({ run: (await import("./Faults.ts")).errors }))
).pipe(described(errorsAbout, [["evenkeel sim api errors --rate 0.2 --status 503", "every fifth request"]]))

const dropOptions = { node: someNode, off, ...common }
const dropAbout = "Makes the Engine API lose all events, as when an engine's watch has broken."
const dropEvents = Command.make(
  "drop-events",
  dropOptions,
  lazily(async () => ({ run: (await import("./Faults.ts")).dropEvents }))
).pipe(described(dropAbout, [["evenkeel sim api drop-events --off", "events again"]]))

const nodeCommand = Command.make("node").pipe(
  described("Makes a node fail, and brings it back.", [
    ["evenkeel sim node crash n2", "n2 and its tasks end"],
    ["evenkeel sim node restore n2", "n2 is back"]
  ]),
  Command.withSubcommands([
    nodeFault(nodeFaults[0]),
    nodeFault(nodeFaults[1]),
    nodeFault(nodeFaults[2]),
    nodeFault(nodeFaults[3]),
    flap
  ])
)

const serviceCommand = Command.make("service").pipe(
  described("Makes a service's tasks slow to start, or unhealthy.", [
    ["evenkeel sim service unhealthy vvm1", "its health checks fail"]
  ]),
  Command.withSubcommands([slowStart, unhealthy])
)

const apiCommand = Command.make("api").pipe(
  described("Makes the Engine API slow, wrong or silent.", [
    ["evenkeel sim api errors --rate 0.2", "every fifth request"]
  ]),
  Command.withSubcommands([latency, errors, dropEvents])
)

export const command = Command.make("sim").pipe(
  described("Runs an embedded Swarm, and makes faults in it.", [
    ["evenkeel sim start --speed 10", "three nodes on sockets, ten times faster than the clock"],
    ["evenkeel sim node crash n2", "lose a node of it"],
    ["evenkeel sim status", "what is lost"]
  ]),
  Command.withSubcommands([Start.command, status, nodeCommand, serviceCommand, leaderChange, apiCommand])
)

/** Every command under `sim`. */
export const words: ReadonlyArray<SimWords> = [
  { path: ["sim", "start"], about: Start.about, options: Start.options },
  { path: ["sim", "status"], about: statusAbout, options: common },
  ...nodeFaults.map(([word, , about]) => ({ path: ["sim", "node", word], about, options: nodeOptions })),
  { path: ["sim", "node", "flap"], about: flapAbout, options: flapOptions },
  { path: ["sim", "service", "slow-start"], about: slowAbout, options: slowOptions },
  { path: ["sim", "service", "unhealthy"], about: unhealthyAbout, options: unhealthyOptions },
  { path: ["sim", "leader-change"], about: leaderAbout, options: common },
  { path: ["sim", "api", "latency"], about: latencyAbout, options: latencyOptions },
  { path: ["sim", "api", "errors"], about: errorsAbout, options: errorsOptions },
  { path: ["sim", "api", "drop-events"], about: dropAbout, options: dropOptions }
]
