/**
 * `insertDefaults` of a service: what SwarmKit would assume is written out (swarmkit `api/defaults/service.go:InterpolateService`).
 * Whoever writes that back has another spec than before: its tasks are replaced, as on a real Swarm.
 */
import { at, isRecord } from "../swarm/Json.ts"
import type { EngineJson } from "../swarm/SwarmPort.ts"

const second = 1_000_000_000

const updateDefaults = {
  Parallelism: 1,
  FailureAction: "pause",
  Monitor: 5 * second,
  MaxFailureRatio: 0,
  Order: "stop-first"
}

const record = (value: unknown): EngineJson => (isRecord(value) ? value : {})

const update = (config: unknown): EngineJson =>
  isRecord(config) ? { ...config, Monitor: config["Monitor"] ?? 5 * second } : updateDefaults

const container = (spec: EngineJson): EngineJson => ({
  ...spec,
  StopGracePeriod: spec["StopGracePeriod"] ?? 10 * second,
  DNSConfig: spec["DNSConfig"] ?? {}
})

const restart = (policy: unknown): EngineJson =>
  isRecord(policy)
    ? { ...policy, Delay: policy["Delay"] ?? 5 * second }
    : { Condition: "any", Delay: 5 * second, MaxAttempts: 0 }

const withSpecDefaults = (spec: EngineJson): EngineJson => {
  const template = record(spec["TaskTemplate"])
  const containerSpec = at(template, "ContainerSpec")
  return {
    ...spec,
    TaskTemplate: {
      ...template,
      ...(isRecord(containerSpec) ? { ContainerSpec: container(containerSpec) } : {}),
      Resources: template["Resources"] ?? {},
      RestartPolicy: restart(template["RestartPolicy"]),
      Placement: template["Placement"] ?? {}
    },
    UpdateConfig: update(spec["UpdateConfig"]),
    RollbackConfig: update(spec["RollbackConfig"])
  }
}

/** `ordered` puts the fields of a spec into the engine's order again. */
export const withDefaults = (service: EngineJson, ordered: (spec: EngineJson) => EngineJson): EngineJson => ({
  ...service,
  Spec: ordered(withSpecDefaults(record(service["Spec"])))
})
