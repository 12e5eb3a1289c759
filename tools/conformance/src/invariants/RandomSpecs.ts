/** Services as random games make and change them: every mode, order and failure action, tasks that fail, and every filter. */
import type { SeededRandom } from "@evenkeel/swarm-sim/swarm/SeededRandom"
import type { EngineObject } from "../EngineValue.ts"

const second = 1_000_000_000
const gibibyte = 1024 ** 3

export const image = "registry.example/serve:1"
/** No node has it. */
export const missingImage = "registry.example/missing:1"

export const zones = ["a", "b"]

export const oneOf = <A>(random: SeededRandom, items: readonly [A, ...ReadonlyArray<A>]): A =>
  items[random.int(items.length)] ?? items[0]

/** What a container does: mostly it runs until it is told to stop. */
export const commandOf = (random: SeededRandom): ReadonlyArray<string> =>
  oneOf(random, [["serve"], ["serve"], ["serve"], ["sh", "-c", "sleep 3; exit 1"], ["sh", "-c", "sleep 20; exit 1"]])

export const serving = { TaskTemplate: { ContainerSpec: { Image: image, Command: ["serve"] } } }

/** What a task of a job does. */
const jobCommand = ["sh", "-c", "sleep 2; exit 0"]

export const finishing = { TaskTemplate: { ContainerSpec: { Image: image, Command: jobCommand } } }

const healthcheck = (random: SeededRandom): EngineObject =>
  random.int(3) === 0 ? { Healthcheck: { Test: ["CMD", "true"], Interval: second, Timeout: second, Retries: 2 } } : {}

export const updateConfig = (random: SeededRandom): EngineObject => ({
  Parallelism: random.int(3),
  Delay: random.int(3) * second,
  Order: oneOf(random, ["stop-first", "start-first"]),
  FailureAction: oneOf(random, ["pause", "continue", "rollback"]),
  Monitor: random.int(5) * second,
  MaxFailureRatio: oneOf(random, [0, 0, 0.5])
})

export const restartPolicy = (random: SeededRandom): EngineObject => {
  const roll = random.int(10)
  if (roll === 0) return { Condition: "none" }
  if (roll === 1) return { Condition: "on-failure", Delay: second, MaxAttempts: 2 }
  return { Condition: "any", Delay: random.int(4) * second }
}

export const constraints = (random: SeededRandom, hostnames: readonly [string, ...ReadonlyArray<string>]) => {
  const roll = random.int(6)
  if (roll < 2) return []
  if (roll === 2) return [`node.hostname==${oneOf(random, hostnames)}`]
  if (roll === 3) return [`node.labels.zone==${oneOf(random, ["a", "b"])}`]
  if (roll === 4) return [`node.role==${oneOf(random, ["worker", "manager"])}`]
  return [`node.hostname!=${oneOf(random, hostnames)}`]
}

export const reservations = (random: SeededRandom): EngineObject => ({
  Resources: {
    Reservations: { NanoCPUs: random.int(5) * (second / 2), MemoryBytes: random.int(4) * gibibyte }
  }
})

/** A port of the node itself, or of the routing mesh, or none. */
export const ports = (random: SeededRandom): EngineObject => {
  const roll = random.int(4)
  if (roll === 0) return { EndpointSpec: { Mode: "dnsrr", Ports: [] } }
  const port = { Protocol: "tcp", TargetPort: 80, PublishedPort: 8000 + random.int(3) }
  return roll < 3
    ? { EndpointSpec: { Mode: "dnsrr", Ports: [{ ...port, PublishMode: "host" }] } }
    : {
        EndpointSpec: { Mode: "vip", Ports: [{ ...port, PublishedPort: 9000 + random.int(3), PublishMode: "ingress" }] }
      }
}

export const preferences = (random: SeededRandom): ReadonlyArray<EngineObject> =>
  random.int(3) === 0 ? [{ Spread: { SpreadDescriptor: "node.labels.zone" } }] : []

/** A new service on the network `net`. */
export const service = (
  random: SeededRandom,
  name: string,
  hostnames: readonly [string, ...ReadonlyArray<string>]
): EngineObject => {
  const roll = random.int(20)
  const isJob = roll < 2
  const isGlobal = roll >= 2 && roll < 6
  const mode = isJob
    ? { ReplicatedJob: { MaxConcurrent: 1 + random.int(2), TotalCompletions: 1 + random.int(4) } }
    : isGlobal
      ? { Global: {} }
      : { Replicated: { Replicas: 1 + random.int(6) } }
  return {
    Name: name,
    Labels: { revision: "0" },
    Mode: mode,
    TaskTemplate: {
      ContainerSpec: {
        Image: image,
        Command: isJob ? jobCommand : commandOf(random),
        StopGracePeriod: random.int(12) * second,
        ...(isJob ? {} : healthcheck(random))
      },
      ...(random.int(3) === 0 ? reservations(random) : {}),
      RestartPolicy: isJob ? { Condition: "on-failure", Delay: second } : restartPolicy(random),
      Placement: {
        Constraints: random.int(2) === 0 ? [] : constraints(random, hostnames),
        Preferences: preferences(random),
        ...(isJob || isGlobal || random.int(3) > 0 ? {} : { MaxReplicas: 1 + random.int(3) })
      },
      Networks: random.int(2) === 0 ? [] : [{ Target: "net" }]
    },
    ...(isJob ? {} : { UpdateConfig: updateConfig(random), RollbackConfig: updateConfig(random) }),
    ...(random.int(4) === 0 && !isJob
      ? ports(random)
      : { EndpointSpec: { Mode: random.int(2) === 0 ? "dnsrr" : "vip" } })
  }
}
