/**
 * The embedded Swarm as a target: one of its own for each run, with every node's Engine API on a socket, and a clock that
 * moves only when time is to pass. Sees every commit.
 */
import type { EngineIdentity } from "@evenkeel/swarm-sim/api/EngineIdentity"
import { defaults } from "@evenkeel/swarm-sim/server/SimOptions"
import * as SimServer from "@evenkeel/swarm-sim/server/SimServer"
import type { Swarm } from "@evenkeel/swarm-sim/swarm/Swarm"
import type { SwarmEvent } from "@evenkeel/swarm-sim/swarm/SwarmPort"
import * as Effect from "effect/Effect"
import { docker } from "./Command.ts"
import * as Embedded from "./Embedded.ts"
import * as EngineHttp from "./EngineHttp.ts"
import { type EngineObject, textAt } from "./EngineValue.ts"
import { type Observation, type Target, TargetFailed } from "./Target.ts"

/** The engine that recordings were made of. */
const identity: EngineIdentity = { engineVersion: "20.10.24+dfsg1", apiVersion: "1.41", minApiVersion: "1.12" }

export interface EmbeddedTarget extends Target {
  readonly swarm: Swarm
}

/** What `/events` would show of it. */
const eventObject = ({ kind, action, id, attributes }: SwarmEvent): EngineObject => ({
  Type: kind,
  Action: action,
  Actor: { ID: id, Attributes: attributes },
  scope: "swarm"
})

/** A manager that can be asked. */
const managerOf = (swarm: Swarm): string | undefined =>
  swarm
    .list("node")
    .filter(({ ID: id }) => swarm.isManager(String(id)) && swarm.isReachable(String(id)))
    .map((node) => textAt(node, "Description", "Hostname"))[0]

export const make = Effect.fn("EmbeddedTarget.make")(function* (options: Embedded.EmbeddedOptions) {
  const managers = options.nodes.filter(({ role }) => role === "manager").length
  const { addresses, swarm } = yield* SimServer.make(
    {
      ...defaults,
      ...{ nodes: options.nodes.length, managers, speed: 0, seed: options.seed },
      heartbeatMillis: Embedded.heartbeatMillis
    },
    () => {},
    { identity, swarm: Embedded.swarmOptions(options) }
  )
  Embedded.furnish(swarm)
  const endpoints = new Map(addresses.nodes.map(({ endpoint, hostname }) => [hostname, endpoint]))
  const endpointOf = (node: string) => endpoints.get(node) ?? ""

  let seen: Array<Observation> = [Embedded.observe(swarm)]
  let events: Array<EngineObject> = []
  const subscriptions = [
    swarm.onChange(() => void seen.push(Embedded.observe(swarm))),
    swarm.subscribe((event) => void events.push(eventObject(event)))
  ]
  yield* Effect.addFinalizer(() => Effect.sync(() => subscriptions.forEach((end) => end())))

  const manager = () => managerOf(swarm) ?? options.nodes[0]?.name ?? "n1"
  const target: EmbeddedTarget = {
    swarm,
    by: "embedded",
    nodes: options.nodes,
    live: false,
    manager,
    call: ({ node, method, path, body }) =>
      EngineHttp.call({
        ...{ target: "embedded", socketPath: endpointOf(node).replace("unix://", ""), method, path },
        ...(body === undefined ? {} : { body })
      }),
    docker: (args, files) => docker(endpointOf(manager()), args, files),
    fault: (fault, node) =>
      Effect.suspend(() => {
        const done = swarm.fault({ _tag: fault, node })
        if (done.ok) return Effect.void
        return new TargetFailed({ target: "embedded", operation: `${fault} ${node}`, reason: done.failure.message })
      }),
    pass: (millis) =>
      Effect.sync(() => {
        Embedded.advance(swarm, millis)
        const found = seen
        seen = []
        return found.at(-1)?.atMillis === swarm.nowMillis() ? found : [...found, Embedded.observe(swarm)]
      }),
    events: Effect.sync(() => {
      const found = events
      events = []
      return found
    })
  }
  return target
})
