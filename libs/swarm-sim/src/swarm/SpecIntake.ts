/**
 * A service spec as a client posts it, in the form in which the engine gives it back (moby
 * `daemon/cluster/convert/service.go`): fields that its conversion to protobuf and back fills in are filled in, empty ones that
 * it leaves out are left out, and the rest stays as it came, to the digit. It refuses only what cannot be converted;
 * `SpecRules` judges the rest.
 */
import { at, isRecord, listAt, recordAt, textAt, withPlainNumbers } from "./Json.ts"
import type { CommandFailure, EngineJson } from "./SwarmPort.ts"

type Intake =
  { readonly ok: true; readonly spec: EngineJson } | { readonly ok: false; readonly failure: CommandFailure }

const invalid = (message: string): Intake => ({ ok: false, failure: { _tag: "InvalidArgument", message } })

const modeNames = ["Global", "Replicated", "ReplicatedJob", "GlobalJob"] as const

/** The engine's own conversion errors carry no gRPC prefix. */
export const takeServiceSpec = (posted: EngineJson): Intake => {
  const spec = recordAt({ spec: withPlainNumbers(posted) }, "spec")
  const modes = modeNames.filter((name) => isRecord(at(spec, "Mode", name)))
  if (modes.length > 1) return invalid("must specify only one service mode")
  if (!isRecord(at(spec, "TaskTemplate", "ContainerSpec"))) return invalid("mismatched Runtime and *Spec fields")
  const runtime = textAt(spec, "TaskTemplate", "Runtime")
  if (runtime !== "" && runtime !== "container") return invalid("unsupported runtime")
  const resolution = textAt(spec, "EndpointSpec", "Mode")
  if (!["", "vip", "dnsrr"].includes(resolution)) return invalid(`invalid resolution mode: "${resolution}"`)
  const { Labels, Mode, Name, TaskTemplate, UpdateConfig, RollbackConfig, EndpointSpec, ...rest } = spec
  return {
    ok: true,
    spec: {
      Name: Name ?? "",
      Labels: isRecord(Labels) ? Labels : {},
      TaskTemplate: takeTemplate(recordAt({ TaskTemplate }, "TaskTemplate")),
      Mode: takeMode(recordAt({ Mode }, "Mode"), modes[0]),
      ...(isRecord(UpdateConfig) ? { UpdateConfig: takeUpdateConfig(UpdateConfig) } : {}),
      ...(isRecord(RollbackConfig) ? { RollbackConfig: takeUpdateConfig(RollbackConfig) } : {}),
      ...withoutEmpty(rest),
      ...(isRecord(EndpointSpec) ? { EndpointSpec: takeEndpoint(EndpointSpec) } : {})
    }
  }
}

/** Nulls and empty lists are what Go leaves out. */
const withoutEmpty = (record: EngineJson): EngineJson =>
  Object.fromEntries(
    Object.entries(record).filter(
      ([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)
    )
  )

const takeTemplate = (template: EngineJson): EngineJson => {
  const { ContainerSpec, RestartPolicy, ForceUpdate, Runtime: _, ...rest } = template
  return {
    ContainerSpec: takeContainer(recordAt({ ContainerSpec }, "ContainerSpec")),
    ...withoutEmpty(rest),
    ...(isRecord(rest["Placement"]) ? { Placement: withoutEmpty(rest["Placement"]) } : {}),
    ...(isRecord(RestartPolicy) ? { RestartPolicy: takeRestartPolicy(RestartPolicy) } : {}),
    ForceUpdate: ForceUpdate ?? 0,
    Runtime: "container"
  }
}

const takeContainer = (container: EngineJson): EngineJson => ({
  ...withoutEmpty(container),
  Isolation: textAt(container, "Isolation") === "" ? "default" : container["Isolation"]
})

const takeRestartPolicy = (policy: EngineJson): EngineJson => ({
  ...withoutEmpty(policy),
  Condition: textAt(policy, "Condition") === "" ? "any" : policy["Condition"],
  MaxAttempts: policy["MaxAttempts"] ?? 0
})

const takeUpdateConfig = (config: EngineJson): EngineJson => ({
  Parallelism: config["Parallelism"] ?? 0,
  ...withoutEmpty(config),
  FailureAction: textAt(config, "FailureAction") === "" ? "pause" : config["FailureAction"],
  MaxFailureRatio: config["MaxFailureRatio"] ?? 0,
  Order: textAt(config, "Order") === "" ? "stop-first" : config["Order"]
})

const takeMode = (mode: EngineJson, name: (typeof modeNames)[number] | undefined): EngineJson => {
  if (name === "Global" || name === "GlobalJob") return { [name]: {} }
  if (name === "ReplicatedJob") {
    const concurrent = at(mode, name, "MaxConcurrent") ?? 1
    return { [name]: { MaxConcurrent: concurrent, TotalCompletions: at(mode, name, "TotalCompletions") ?? concurrent } }
  }
  return { Replicated: { Replicas: at(mode, "Replicated", "Replicas") ?? 1 } }
}

const takeEndpoint = (endpoint: EngineJson): EngineJson => {
  const ports = listAt(endpoint, "Ports").map((port) => ({
    ...recordAt({ port }, "port"),
    Protocol: textAt(port, "Protocol") === "" ? "tcp" : at(port, "Protocol"),
    PublishMode: textAt(port, "PublishMode") === "" ? "ingress" : at(port, "PublishMode")
  }))
  return {
    Mode: textAt(endpoint, "Mode") === "" ? "vip" : endpoint["Mode"],
    ...(ports.length === 0 ? {} : { Ports: ports })
  }
}
