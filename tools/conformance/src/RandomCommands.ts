/**
 * Commands and faults at random straight into an embedded Swarm, without waiting for it to rest between them: what an operator
 * would never do, and what races are made of. One step is one command and some simulated time.
 */
import type { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import type { EngineJson, SwarmPort } from "@evenkeel/swarm-sim/swarm/SwarmPort"
import { mergePatch, numberAt, textAt } from "./EngineValue.ts"
import * as Specs from "./scenarios/Specs.ts"

const names = ["red", "green", "blue", "white", "black"]
const second = 1_000_000_000

/** Does one thing; gives its name. Refusals by the Swarm are part of the game. */
export const step = (swarm: SwarmPort, random: SeededRandom): string => {
  const service = oneOf(random, swarm.list("service"))
  const node = oneOf(random, swarm.list("node"))
  const roll = random.int(100)
  if (service === undefined || roll < 8) return create(swarm, random)
  if (node === undefined) return "nothing"
  if (roll < 12) {
    swarm.removeService(textAt(service, "ID"))
    return "remove"
  }
  if (roll < 35) return update(swarm, service, Specs.replicas(random.int(9)), "scale")
  if (roll < 50) return update(swarm, service, { TaskTemplate: { ForceUpdate: random.int(1_000) } }, "force")
  if (roll < 58) {
    const texts = random.int(2) === 0 ? [] : [`node.hostname!=n${1 + random.int(3)}`]
    return update(swarm, service, Specs.constraints(...texts), "constraint")
  }
  if (roll < 62) {
    swarm.updateService(textAt(service, "ID"), versionOf(service), service["Spec"] as EngineJson, { rollback: true })
    return "rollback"
  }
  if (roll < 66) {
    const reservation = { TaskTemplate: { Resources: { Reservations: { NanoCPUs: random.int(4) * 500_000_000 } } } }
    return update(swarm, service, reservation, "reserve")
  }
  if (roll < 82) {
    const spec = mergePatch(node["Spec"], { Availability: oneOf(random, ["active", "active", "pause", "drain"]) })
    swarm.updateNode(textAt(node, "ID"), versionOf(node), spec as EngineJson)
    return "availability"
  }
  const name = textAt(node, "Description", "Hostname")
  const isDown = swarm.nodeCondition(textAt(node, "ID")) !== "up"
  swarm.fault(isDown ? { _tag: "restore", node: name } : { _tag: oneFault(random), node: name })
  return isDown ? "restore" : "fault"
}

/** Brings every node back and makes it active. */
export const mend = (swarm: SwarmPort): void => {
  for (const node of swarm.list("node")) {
    if (swarm.nodeCondition(textAt(node, "ID")) !== "up")
      swarm.fault({ _tag: "restore", node: textAt(node, "Description", "Hostname") })
  }
}

/** Makes every node active; needs a leader. */
export const activate = (swarm: SwarmPort): void => {
  for (const node of swarm.list("node"))
    swarm.updateNode(
      textAt(node, "ID"),
      versionOf(node),
      mergePatch(node["Spec"], { Availability: "active" }) as EngineJson
    )
}

const oneOf = <A>(random: SeededRandom, items: ReadonlyArray<A>): A | undefined => items[random.int(items.length)]

const oneFault = (random: SeededRandom): "crash" | "black-hole" | "restart-dockerd" =>
  oneOf(random, ["crash", "black-hole", "restart-dockerd"] as const) ?? "crash"

const versionOf = (object: EngineJson): bigint => BigInt(numberAt(object, "Version", "Index") ?? 0)

const update = (swarm: SwarmPort, service: EngineJson, patch: object, name: string): string => {
  const isGlobal = numberAt(service, "Spec", "Mode", "Replicated", "Replicas") === undefined
  if (isGlobal && name === "scale") return "nothing"
  const spec = mergePatch(service["Spec"], patch) as EngineJson
  swarm.updateService(textAt(service, "ID"), versionOf(service), spec, { rollback: false })
  return name
}

const create = (swarm: SwarmPort, random: SeededRandom): string => {
  const more = {
    UpdateConfig: Specs.updateConfig({
      Parallelism: random.int(3),
      Order: oneOf(random, ["stop-first", "start-first"]),
      FailureAction: oneOf(random, ["pause", "continue", "rollback"]),
      Monitor: random.int(5) * second
    })
  }
  const name = oneOf(random, names) ?? "red"
  const template = { RestartPolicy: Specs.restart("any", random.int(4)) }
  const spec =
    random.int(5) === 0 ? Specs.global(name, template, more) : Specs.replicated(name, 1 + random.int(6), template, more)
  swarm.createService(spec)
  return "create"
}
