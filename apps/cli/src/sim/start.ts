/** `evenkeel sim start`: an embedded Swarm in this process, until Ctrl-C. */
import * as CommonOptions from "../CommonOptions.ts"
import * as Parameter from "../grammar/Parameter.ts"
import * as Leaf from "../Leaf.ts"

export const options = () => ({
  nodes: Parameter.option("nodes", "number", "Nodes n1, n2, … Default: 3."),
  managers: Parameter.option("managers", "number", "How many of them are managers. Default: 3, at most all."),
  sockets: Parameter.option(
    "sockets",
    "folder",
    "Where the nodes' sockets are made: n1.sock, …, sim.sock. Default: a new folder."
  ),
  tcp: Parameter.option("tcp", "port", "TCP on 127.0.0.1 instead: the simulation on this port, n1 on the next, …"),
  speed: Parameter.option(
    "speed",
    "number",
    "Simulated seconds per second; 0: the clock is moved by hand. Default: 1."
  ),
  seed: Parameter.option("seed", "number", "Equal seeds give equal runs. Default: 1."),
  runtime: Parameter.option(
    "runtime",
    "virtual|loopback",
    "Tasks as states only, or as servers on 127.77.x.y. Default: virtual."
  ),
  workload: Parameter.option("workload", "file", "What loopback tasks run: a module exporting startVvm."),
  heartbeat: Parameter.option("heartbeat", "duration", "Swarm's heartbeat, in simulated time. Default: 5s."),
  ...CommonOptions.output()
})

export const command = Leaf.make({
  path: ["sim", "start"],
  about: "Runs an embedded Swarm in this process, until Ctrl-C. The docker command works against it.",
  examples: [
    ["evenkeel sim start", "three managers; the addresses are shown"],
    ["evenkeel sim start --nodes 5 --speed 10 --sockets /tmp/sim", "then: docker -H unix:///tmp/sim/n1.sock node ls"]
  ],
  options,
  load: () => import("./StartSim.ts")
})
