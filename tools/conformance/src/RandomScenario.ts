/**
 * Scenarios from a seed: a handful of services and ten to fifteen things that happen to them and to their nodes. Bounded so
 * that each step comes to rest on a cluster of three; equal seeds give equal scenarios.
 */
import { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import type { EngineObject } from "./EngineValue.ts"
import type { Scenario, Step } from "./Scenario.ts"
import * as Specs from "./scenarios/Specs.ts"

const hostnames = ["n1", "n2", "n3"]
/** Only they are lost: with one manager the Swarm has no leader without it. */
const workers = ["n2", "n3"]
const mostServices = 3
const mostReplicas = 6

interface State {
  readonly random: SeededRandom
  readonly services: Map<string, { readonly global: boolean; replicas: number; revision: number }>
  readonly drained: Set<string>
  readonly lost: Set<string>
}

/** `faults: false` leaves the nodes running: half of the time a fault takes is waiting. */
export const generate = (seed: number, options: { readonly faults?: boolean } = {}): Scenario => {
  const random = new SeededRandom(seed)
  const state: State = { random, services: new Map(), drained: new Set(), lost: new Set() }
  const length = 10 + random.int(6)
  const steps: Array<Step> = [create(state)]
  while (steps.length < length) steps.push(next(state, options.faults ?? true))
  for (const node of state.lost) steps.push(restore(node))
  return { name: `random-${seed}`, about: `what seed ${seed} gives`, steps }
}

const oneOf = <A>(random: SeededRandom, items: ReadonlyArray<A>): A => {
  const found = items[random.int(items.length)]
  if (found === undefined) throw new RangeError("nothing to choose from")
  return found
}

const restore = (node: string): Step => ({
  ...{ do: "fault", fault: "restore", node },
  until: { nodes: { [node]: "ready" }, withinSeconds: 120 }
})

const create = (state: State): Step => {
  const { random, services } = state
  const name = oneOf(
    random,
    ["red", "green", "blue", "white"].filter((each) => !services.has(each))
  )
  const isGlobal = random.int(5) === 0
  const replicas = 1 + random.int(mostReplicas - 1)
  services.set(name, { global: isGlobal, replicas, revision: 0 })
  const more = {
    UpdateConfig: Specs.updateConfig({
      Order: oneOf(random, ["stop-first", "start-first"]),
      Parallelism: random.int(3),
      Monitor: 1_000_000_000
    }),
    Labels: { revision: "0" }
  }
  return { do: "create", spec: isGlobal ? Specs.global(name, {}, more) : Specs.replicated(name, replicas, {}, more) }
}

const next = (state: State, faults: boolean): Step => {
  const { random, services } = state
  const name = oneOf(random, [...services.keys()])
  const service = services.get(name)
  if (service === undefined) return create(state)
  const roll = random.int(100)
  if (roll < 12 && services.size < mostServices) return create(state)
  if (roll < 16 && services.size > 1) {
    services.delete(name)
    return { do: "remove", service: name }
  }
  if (roll < 40 && !service.global) {
    service.replicas = random.int(mostReplicas + 1)
    return { do: "update", service: name, patch: Specs.replicas(service.replicas) }
  }
  if (roll < 52) return update(name, Specs.env(`REVISION=${++service.revision}`))
  if (roll < 60) return { do: "update", service: name, patch: { Labels: { revision: String(++service.revision) } } }
  if (roll < 64) return { do: "update", service: name, patch: {} }
  if (roll < 74) return update(name, constraint(random, state))
  if (roll < 90 || !faults) return drain(state)
  return fault(state)
}

/** Where it changes nothing that a task is made of, there is no update to be completed: rest is all that is awaited. */
const update = (service: string, patch: EngineObject): Step => ({ do: "update", service, patch })

/** Leaves every service a node that it may run on. */
const constraint = (random: SeededRandom, { drained, lost }: State): EngineObject => {
  const spare = hostnames.filter((name) => !drained.has(name) && !lost.has(name))
  const avoided = oneOf(random, hostnames)
  const isBearable = spare.some((name) => name !== avoided)
  return Specs.constraints(...(random.int(2) === 0 || !isBearable ? [] : [`node.hostname!=${avoided}`]))
}

const drain = ({ random, drained, lost }: State): Step => {
  const [back] = drained
  if (back !== undefined) {
    drained.delete(back)
    return { do: "node", node: back, patch: { Availability: "active" } }
  }
  if (lost.size > 0) return { do: "wait" }
  const node = oneOf(random, workers)
  drained.add(node)
  return { do: "node", node, patch: { Availability: oneOf(random, ["drain", "pause"]) } }
}

const fault = ({ random, drained, lost }: State): Step => {
  const [back] = lost
  if (back !== undefined) {
    lost.delete(back)
    return restore(back)
  }
  if (drained.size > 0) return { do: "wait" }
  const node = oneOf(random, workers)
  lost.add(node)
  return {
    ...{ do: "fault", fault: oneOf(random, ["crash", "black-hole"] as const), node },
    until: { nodes: { [node]: "down" }, withinSeconds: 120 }
  }
}
