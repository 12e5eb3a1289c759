/** An embedded Swarm as scenarios need it: nodes like the recorded ones, the lab's network, a clock that is moved by hand. */
import type { Choices } from "@evenkeel/swarm-sim/swarm/Choices"
import { Swarm } from "@evenkeel/swarm-sim/swarm/Swarm"
import type { SwarmOptions } from "@evenkeel/swarm-sim/swarm/SwarmOptions"
import { leaderOf, type Observation } from "./Target.ts"
import type { NodeShape } from "./Trace.ts"
import * as WorkloadRuntime from "./WorkloadRuntime.ts"

export interface EmbeddedOptions {
  readonly nodes: ReadonlyArray<NodeShape>
  readonly seed: number
  /** Hostname of the manager that leads at first. Default: the first. */
  readonly leader?: string
  /** Default: from the seed. */
  readonly choices?: Choices
}

export const heartbeatMillis = 3_000

export const swarmOptions = ({ choices, leader, nodes, seed }: EmbeddedOptions): SwarmOptions => ({
  nodes: nodes.map(({ name, ...node }) => ({ hostname: name, ...node })),
  seed,
  heartbeatMillis,
  engineVersion: "20.10.24+dfsg1",
  runtime: WorkloadRuntime.make,
  ...(leader === undefined ? {} : { leader }),
  ...(choices === undefined ? {} : { choices })
})

export const advance = (swarm: Swarm, millis: number): void => swarm.advanceTo(swarm.nowMillis() + millis)

/** Makes the lab's network, which services of scenarios name, and lets the Swarm come to rest. */
export const furnish = (swarm: Swarm): void => {
  swarm.createNetwork({ Name: "evenkeel", Driver: "overlay", Attachable: true })
  advance(swarm, 1_000)
}

/** Everything that is stored, whether or not a manager would list it now. */
export const stored = (swarm: Swarm): Observation => {
  const nodes = swarm.list("node")
  const [services, tasks] = [swarm.list("service"), swarm.list("task")]
  return { atMillis: swarm.nowMillis(), leader: leaderOf(nodes), nodes, services, tasks }
}

/** As a manager that lives would list it; without a leader there is none to ask. */
export const observe = (swarm: Swarm): Observation => {
  const seen = stored(swarm)
  return seen.leader === null ? { ...seen, nodes: [], services: [], tasks: [] } : seen
}
