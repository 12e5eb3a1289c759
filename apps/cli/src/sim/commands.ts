/** `evenkeel sim …`: runs an embedded Swarm, and makes faults in one. Words, options and help; what they do is in `Faults`. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"
import * as Start from "./start.ts"

const common = () => ({
  sim: Parameter.option(
    "sim",
    "url",
    "The embedded Swarm, by any of its endpoints: unix:///path or tcp://host:port. Default: DOCKER_HOST."
  ),
  ...CommonOptions.output()
})

const service = () => Parameter.argument("service", "Name or id.")
const someNode = () => Parameter.option("node", "node", "Hostname or id. Default: all nodes.")
const off = () => Parameter.flag("off", "End the fault.")

const faults = () => import("./Faults.ts")

const nodeFault = (word: string, tag: string, about: string) =>
  Leaf.make({
    path: ["sim", "node", word],
    about,
    examples: [[`evenkeel sim node ${word} n2`, "and show the nodes"]],
    options: () => ({ node: CommonOptions.node(), ...common() }),
    load: async () => ({ run: (await faults()).nodeFault(tag) })
  })

/** Every command under `sim`. */
export const commands: ReadonlyArray<Leaf.Leaf> = [
  Start.command,
  Leaf.make({
    path: ["sim", "status"],
    about: "Shows the nodes of an embedded Swarm, their faults and endpoints.",
    examples: [["evenkeel sim status", "nodes, faults, endpoints"]],
    options: common,
    load: async () => ({ run: (await faults()).status })
  }),
  nodeFault("crash", "crash", "Crashes a node: engine and tasks end at once, its endpoint closes."),
  nodeFault("black-hole", "black-hole", "Cuts a node off: it runs on, nothing reaches it or comes from it."),
  nodeFault("restore", "restore", "Brings a crashed or cut-off node back; its tasks stay where Swarm has put them."),
  nodeFault("restart", "restart-dockerd", "Restarts a node's engine; Swarm does not take the node for lost."),
  Leaf.make({
    path: ["sim", "node", "flap"],
    about: "Cuts a node off and brings it back, again and again.",
    examples: [["evenkeel sim node flap n2 --period 5s --times 4", "four times in 20 s of simulated time"]],
    options: () => ({
      node: CommonOptions.node(),
      period: CommonOptions.duration("period", 2_000, "Cut off for half of it, there for the other half. Default: 2s."),
      times: CommonOptions.number(
        "times",
        3,
        (value) => Number.isInteger(value) && value > 0,
        "a whole number above 0",
        "Default: 3."
      ),
      ...common()
    }),
    load: async () => ({ run: (await faults()).flap })
  }),
  Leaf.make({
    path: ["sim", "service", "slow-start"],
    about: "Makes new tasks of a service start slowly.",
    examples: [["evenkeel sim service slow-start vvm1 --by 30s", "in simulated time"]],
    options: () => ({
      service: service(),
      by: CommonOptions.duration("by", 10_000, "How much later its tasks start; 0s ends it. Default: 10s."),
      ...common()
    }),
    load: async () => ({ run: (await faults()).slowStart })
  }),
  Leaf.make({
    path: ["sim", "service", "unhealthy"],
    about: "Makes the health checks of a service's tasks fail.",
    examples: [
      ["evenkeel sim service unhealthy vvm1", "its tasks fail as soon as their checks do"],
      ["evenkeel sim service unhealthy vvm1 --off", "healthy again"]
    ],
    options: () => ({ service: service(), off: off(), ...common() }),
    load: async () => ({ run: (await faults()).unhealthy })
  }),
  Leaf.make({
    path: ["sim", "leader-change"],
    about: "Makes the managers elect another leader; nodes are unknown until they have reported to it.",
    examples: [["evenkeel sim leader-change", "and show the nodes"]],
    options: common,
    load: async () => ({ run: (await faults()).leaderChange })
  }),
  Leaf.make({
    path: ["sim", "api", "latency"],
    about: "Makes the Engine API answer late.",
    examples: [["evenkeel sim api latency --by 2s --node n1", "n1 only"]],
    options: () => ({
      node: someNode(),
      by: CommonOptions.duration("by", 500, "How much later every answer comes; 0s ends it. Default: 500ms."),
      ...common()
    }),
    load: async () => ({ run: (await faults()).latency })
  }),
  Leaf.make({
    path: ["sim", "api", "errors"],
    about: "Makes the Engine API answer some requests with an error.",
    examples: [["evenkeel sim api errors --rate 0.2 --status 503", "every fifth request"]],
    options: () => ({
      node: someNode(),
      rate: CommonOptions.number(
        "rate",
        0.5,
        (value) => value >= 0 && value <= 1,
        "a number from 0 to 1",
        "Default: 0.5; 0 ends it."
      ),
      status: CommonOptions.number(
        "status",
        500,
        (value) => Number.isInteger(value) && value >= 400 && value < 600,
        "a status from 400 to 599",
        "Default: 500."
      ),
      ...common()
    }),
    load: async () => ({ run: (await faults()).errors })
  }),
  Leaf.make({
    path: ["sim", "api", "drop-events"],
    about: "Makes the Engine API lose all events, as when an engine's watch has broken.",
    examples: [["evenkeel sim api drop-events --off", "events again"]],
    options: () => ({ node: someNode(), off: off(), ...common() }),
    load: async () => ({ run: (await faults()).dropEvents })
  })
]
