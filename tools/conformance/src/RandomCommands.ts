/**
 * Commands and faults at random for an embedded Swarm, without waiting for it to rest between them: what an operator would never
 * do, and what races are made of. Chooses by what the Swarm shows at that moment; does nothing itself.
 */
import type { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import type { Fault, SwarmPort } from "@evenkeel/swarm-sim/swarm/SwarmPort"
import { type EngineObject, numberAt, textAt } from "./EngineValue.ts"
import type { Command, Move } from "./invariants/Command.ts"
import * as Specs from "./invariants/RandomSpecs.ts"

const names = ["red", "green", "blue", "white", "black", "grey"] as const
type Some = readonly [string, ...ReadonlyArray<string>]

/** What a command is chosen by. */
interface Scene {
  readonly random: SeededRandom
  readonly swarm: SwarmPort
  readonly nodes: ReadonlyArray<EngineObject>
  readonly services: ReadonlyArray<EngineObject>
  readonly hostnames: Some
}

type Choose = (scene: Scene) => Command

/** The next command, and how long the Swarm is left alone after it: mostly less than it needs. */
export const next = (swarm: SwarmPort, random: SeededRandom): Move => {
  const nodes = swarm.list("node")
  const [first = "n1", ...others] = nodes.map(hostnameOf)
  const scene: Scene = { random, swarm, nodes, services: swarm.list("service"), hostnames: [first, ...others] }
  const command = scene.services.length === 0 ? create(scene) : choose(random)(scene)
  const thenMillis = random.int(4) === 0 ? random.int(30_000) : random.int(2_000)
  return { command, thenMillis }
}

const hostnameOf = (node: EngineObject): string => textAt(node, "Description", "Hostname")

const choose = (random: SeededRandom): Choose => {
  let roll = random.int(total)
  for (const [weight, choice] of choices) {
    roll -= weight
    if (roll < 0) return choice
  }
  return () => ({ do: "wait" })
}

const anyService = ({ random, services }: Scene): string =>
  textAt(services[random.int(services.length)], "Spec", "Name")

const anyNode = ({ hostnames, random }: Scene): string => Specs.oneOf(random, hostnames)

const create: Choose = ({ hostnames, random }) => ({
  do: "create",
  spec: Specs.service(random, Specs.oneOf(random, names), hostnames)
})

const update =
  (patch: (scene: Scene) => EngineObject): Choose =>
  (scene) => ({ do: "update", service: anyService(scene), patch: patch(scene) })

const template = (patch: (scene: Scene) => EngineObject): Choose => update((scene) => ({ TaskTemplate: patch(scene) }))

const container = (patch: (scene: Scene) => EngineObject): Choose =>
  template((scene) => ({ ContainerSpec: patch(scene) }))

const scale: Choose = (scene) => {
  const { random, services } = scene
  const replicated = services.filter((each) => numberAt(each, "Spec", "Mode", "Replicated", "Replicas") !== undefined)
  if (replicated.length === 0) return { do: "wait" }
  return {
    do: "update",
    service: textAt(replicated[random.int(replicated.length)], "Spec", "Name"),
    patch: { Mode: { Replicated: { Replicas: random.int(9) } } }
  }
}

const node =
  (patch: (scene: Scene) => EngineObject): Choose =>
  (scene) => ({ do: "node", node: anyNode(scene), patch: patch(scene) })

const fault =
  (make: (scene: Scene) => Fault): Choose =>
  (scene) => ({ do: "fault", fault: make(scene) })

const isLost = ({ swarm }: Scene, each: EngineObject): boolean => swarm.nodeCondition(textAt(each, "ID")) !== "up"

const restore: Choose = (scene) => {
  const lost = scene.nodes.filter((each) => isLost(scene, each))
  const back = lost[scene.random.int(lost.length)]
  return back === undefined ? { do: "wait" } : { do: "fault", fault: { _tag: "restore", node: hostnameOf(back) } }
}

/** The next manager that is still up: told often enough, the quorum is lost. */
const loseManager: Choose = (scene) => {
  const up = scene.nodes.find((each) => textAt(each, "Spec", "Role") === "manager" && !isLost(scene, each))
  return up === undefined ? restore(scene) : { do: "fault", fault: { _tag: "black-hole", node: hostnameOf(up) } }
}

/** Only of a node that is lost or a worker, and only while there are others enough. */
const removeNode: Choose = (scene) => {
  const workers = scene.nodes.filter((each) => textAt(each, "Spec", "Role") === "worker")
  const victim = workers[scene.random.int(workers.length)]
  return scene.nodes.length < 4 || victim === undefined
    ? { do: "wait" }
    : { do: "remove-node", node: hostnameOf(victim) }
}

const choices: ReadonlyArray<readonly [weight: number, choice: Choose]> = [
  [8, create],
  [3, (scene) => ({ do: "remove", service: anyService(scene) })],
  [16, scale],
  [8, template(({ random }) => ({ ForceUpdate: random.int(1_000) }))],
  [5, container(({ random }) => ({ Env: [`REVISION=${random.int(1_000)}`] }))],
  [4, container(({ random }) => ({ Command: Specs.commandOf(random) }))],
  [1, container(() => ({ Image: Specs.missingImage }))],
  [2, container(() => ({ Image: Specs.image }))],
  [7, template(({ hostnames, random }) => ({ Placement: { Constraints: Specs.constraints(random, hostnames) } }))],
  [3, template(({ random }) => ({ Placement: { MaxReplicas: random.int(4) } }))],
  [2, template(({ random }) => ({ Placement: { Preferences: Specs.preferences(random) } }))],
  [4, template(({ random }) => Specs.reservations(random))],
  [3, template(({ random }) => ({ RestartPolicy: Specs.restartPolicy(random) }))],
  [3, update(({ random }) => Specs.ports(random))],
  [3, update(({ random }) => ({ UpdateConfig: Specs.updateConfig(random) }))],
  [3, update(({ random }) => ({ Labels: { revision: String(random.int(1_000)) } }))],
  [4, (scene) => ({ do: "rollback", service: anyService(scene) })],
  [2, (scene) => ({ do: "late-update", service: anyService(scene), patch: { Labels: { revision: "late" } } })],
  [10, node(({ random }) => ({ Availability: Specs.oneOf(random, ["active", "active", "pause", "drain"]) }))],
  [3, node(({ random }) => ({ Labels: { zone: Specs.oneOf(random, ["a", "b"]) } }))],
  [3, node(({ random }) => ({ Role: Specs.oneOf(random, ["manager", "worker"]) }))],
  [1, removeNode],
  [4, fault((scene) => ({ _tag: "crash", node: anyNode(scene) }))],
  [4, fault((scene) => ({ _tag: "black-hole", node: anyNode(scene) }))],
  [3, fault((scene) => ({ _tag: "restart-dockerd", node: anyNode(scene) }))],
  [
    2,
    fault((scene) => ({
      ...{ _tag: "flap", node: anyNode(scene) },
      ...{ periodMillis: 200 + scene.random.int(20_000), times: 1 + scene.random.int(3) }
    }))
  ],
  [14, restore],
  [2, loseManager],
  [4, fault(() => ({ _tag: "leader-change" }))],
  [2, fault((scene) => ({ _tag: "slow-start", service: anyService(scene), millis: scene.random.int(12_000) }))],
  [2, fault((scene) => ({ _tag: "slow-start", node: anyNode(scene), millis: scene.random.int(8_000) }))],
  [3, fault((scene) => ({ _tag: "unhealthy", service: anyService(scene), on: scene.random.int(2) === 0 }))],
  [2, fault((scene) => ({ _tag: "unhealthy", node: anyNode(scene), on: scene.random.int(2) === 0 }))],
  [2, (scene) => ({ do: "drop-events", node: anyNode(scene), on: scene.random.int(2) === 0 })]
]

const total = choices.reduce((sum, [weight]) => sum + weight, 0)
