/**
 * A service spec as the engine would give it back: what the client sent, read into the engine's types and written out again
 * (moby `api/types/swarm`, `daemon/cluster/convert`). Unknown fields vanish, defaults that the engine always writes appear,
 * fields come in its order. Decides nothing that SwarmKit checks; throws EngineRefusal 400 for what the conversion refuses.
 */
import type { EngineJson } from "../swarm/SwarmPort.ts"
import { containerSpec } from "./ContainerForm.ts"
import { isOlder } from "./EngineIdentity.ts"
import { badRequest } from "./EngineRefusal.ts"
import { at, isRecord } from "../swarm/Json.ts"
import * as Form from "./Form.ts"

const generic = Form.list(
  Form.struct({
    NamedResourceSpec: Form.pointer(Form.struct({ Kind: Form.text, Value: Form.text })),
    DiscreteResourceSpec: Form.pointer(Form.struct({ Kind: Form.text, Value: Form.integer }))
  })
)

const resources = Form.struct({
  Limits: Form.pointer(Form.struct({ NanoCPUs: Form.integer, MemoryBytes: Form.integer, Pids: Form.integer })),
  Reservations: Form.pointer(
    Form.struct({ NanoCPUs: Form.integer, MemoryBytes: Form.integer, GenericResources: generic })
  ),
  SwapBytes: Form.pointer(Form.number),
  MemorySwappiness: Form.pointer(Form.number)
})

const restartPolicy = Form.struct({
  Condition: Form.word(["any", "none", "on-failure"], (word) => `invalid RestartCondition: "${word}"`),
  Delay: Form.pointer(Form.number),
  MaxAttempts: Form.number,
  Window: Form.pointer(Form.number)
})

const placement = Form.struct({
  Constraints: Form.texts,
  Preferences: Form.list(Form.struct({ Spread: Form.pointer(Form.struct({ SpreadDescriptor: Form.anyText })) })),
  MaxReplicas: Form.integer,
  Platforms: Form.list(Form.struct({ Architecture: Form.text, OS: Form.text }))
})

const driver = Form.struct({ Name: Form.text, Options: Form.map })

const attachments = Form.list(Form.struct({ Target: Form.text, Aliases: Form.texts, DriverOpts: Form.map }))

const taskTemplate = (engineVersion: string) =>
  Form.struct({
    ContainerSpec: Form.pointer(containerSpec(engineVersion)),
    Resources: Form.pointer(resources),
    RestartPolicy: Form.pointer(restartPolicy),
    Placement: Form.pointer(placement),
    Networks: attachments,
    LogDriver: Form.pointer(driver),
    ForceUpdate: Form.number,
    Runtime: Form.always("container")
  })

const updateConfig = Form.struct({
  Parallelism: Form.number,
  Delay: Form.integer,
  FailureAction: Form.word(["pause", "continue", "rollback"], (word) => `unrecognized update failure action ${word}`),
  Monitor: Form.integer,
  MaxFailureRatio: Form.number,
  Order: Form.word(["stop-first", "start-first"], (word) => `unrecognized update order ${word}`)
})

const endpointSpec = Form.struct({
  Mode: Form.word(["vip", "dnsrr"], (word) => `invalid resolution mode: "${word}"`),
  Ports: Form.list(
    Form.struct({
      Name: Form.text,
      Protocol: Form.known(["tcp", "udp", "sctp"]),
      TargetPort: Form.integer,
      PublishedPort: Form.integer,
      PublishMode: Form.known(["ingress", "host"])
    })
  )
})

const modes = ["Replicated", "Global", "ReplicatedJob", "GlobalJob"] as const

/** The mode's one member; a service without a mode has one replica. */
const mode: Form.Shape = (value) => {
  const given = modes.filter((name) => isRecord(at(value, name)))
  if (given.length > 1) throw badRequest("must specify only one service mode")
  const [name = "Replicated"] = given
  switch (name) {
    case "Replicated":
      return { Replicated: { Replicas: at(value, name, "Replicas") ?? 1 } }
    case "ReplicatedJob": {
      const MaxConcurrent = at(value, name, "MaxConcurrent") ?? 1
      return {
        ReplicatedJob: { MaxConcurrent, TotalCompletions: at(value, name, "TotalCompletions") ?? MaxConcurrent }
      }
    }
    default:
      return { [name]: {} }
  }
}

const serviceSpec = (engineVersion: string) =>
  Form.struct({
    Name: Form.text,
    Labels: Form.anyMap,
    TaskTemplate: taskTemplate(engineVersion),
    Mode: mode,
    UpdateConfig: Form.pointer(updateConfig),
    RollbackConfig: Form.pointer(updateConfig),
    EndpointSpec: Form.pointer(endpointSpec)
  })

const made = new Map<string, Form.Shape>()

/**
 * `engineVersion`: the newest API version of the engine, which decides what it writes. `apiVersion`: the one of the request,
 * older ones lose what they did not know (moby `daemon/server/router/swarm/helpers.go`).
 */
export const serviceForm = (spec: EngineJson, apiVersion: string, engineVersion: string): EngineJson => {
  const shape = made.get(engineVersion) ?? serviceSpec(engineVersion)
  made.set(engineVersion, shape)
  const adjusted = adjust(spec, apiVersion)
  const runtime = at(adjusted, "TaskTemplate", "Runtime")
  if (runtime === "plugin" || runtime === "attachment")
    throw badRequest("unsupported runtime: the embedded Swarm runs containers only")
  if (!isRecord(at(adjusted, "TaskTemplate", "ContainerSpec"))) throw badRequest("mismatched Runtime and *Spec fields")
  const form = shape(adjusted, "ServiceSpec")
  return isRecord(form) ? form : {}
}

/** A copy without the fields that the version did not know. */
const adjust = (spec: EngineJson, apiVersion: string): EngineJson => {
  const without = (object: EngineJson, path: ReadonlyArray<string>): EngineJson => {
    const [key = "", ...rest] = path
    if (!(key in object)) return object
    const { [key]: value, ...others } = object
    if (rest.length === 0) return others
    return isRecord(value) ? { ...object, [key]: without(value, rest) } : object
  }
  const container = ["TaskTemplate", "ContainerSpec"]
  const unknown: ReadonlyArray<readonly [before: string, path: ReadonlyArray<string>]> = [
    ["1.52", ["TaskTemplate", "Resources", "SwapBytes"]],
    ["1.52", ["TaskTemplate", "Resources", "MemorySwappiness"]],
    ["1.46", [...container, "OomScoreAdj"]],
    ["1.44", [...container, "Privileges", "Seccomp"]],
    ["1.44", [...container, "Privileges", "AppArmor"]],
    ["1.44", [...container, "Privileges", "NoNewPrivileges"]],
    ["1.44", [...container, "Healthcheck", "StartInterval"]],
    ["1.41", [...container, "CapabilityAdd"]],
    ["1.41", [...container, "CapabilityDrop"]],
    ["1.41", [...container, "Ulimits"]],
    ["1.41", ["TaskTemplate", "Resources", "Limits", "Pids"]],
    ["1.41", ["Mode", "ReplicatedJob"]],
    ["1.41", ["Mode", "GlobalJob"]],
    ["1.40", [...container, "Sysctls"]],
    ["1.40", ["TaskTemplate", "Placement", "MaxReplicas"]]
  ]
  const known = unknown
    .filter(([before]) => isOlder(apiVersion, before))
    .reduce((rest, [, path]) => without(rest, path), spec)
  return isOlder(apiVersion, "1.44") ? withLegacyNetworks(known) : known
}

/** Before 1.44 a service could name its networks beside the task template. */
const withLegacyNetworks = (spec: EngineJson): EngineJson => {
  const template = at(spec, "TaskTemplate")
  const own = at(template, "Networks")
  const legacy = at(spec, "Networks")
  if (!isRecord(template) || !Array.isArray(legacy) || (Array.isArray(own) && own.length > 0)) return spec
  return { ...spec, TaskTemplate: { ...template, Networks: legacy } }
}
