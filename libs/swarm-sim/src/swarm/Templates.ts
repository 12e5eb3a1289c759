/**
 * What tasks of a service are made from, read once for each version of its spec: the domain's Service, which the rules judge, and
 * the settings that orchestrators and agents follow, with the engine's defaults (swarmkit `api/defaults/service.go`).
 */
import * as Either from "effect/Either"
import { ArrayFormatter } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import { Task } from "@evenkeel/domain/Task"
import { NodeId, RaftIndex, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { toNode, WireNode } from "@evenkeel/swarm-client/WireNode"
import { toService, WireService } from "@evenkeel/swarm-client/WireService"
import { at, durationAt, listAt, numberAt, recordAt, textAt, withRoundedNumbers } from "./Json.ts"
import type { Mode, NodeRecord, RestartPolicy, ServiceRecord, TaskRecord, Template } from "./Records.ts"
import type { EngineJson } from "./SwarmPort.ts"
import type { HealthCheck } from "./TaskRuntime.ts"

const defaultRestartDelayMillis = 5000
const defaultStopGraceMillis = 10_000

export const modeOf = ({ spec }: ServiceRecord): Mode => {
  if (at(spec, "Mode", "Global") !== undefined) return "global"
  if (at(spec, "Mode", "ReplicatedJob") !== undefined) return "replicated-job"
  return at(spec, "Mode", "GlobalJob") !== undefined ? "global-job" : "replicated"
}

/** Whether its tasks have slots (the others have one place on each node). */
export const hasSlots = (service: ServiceRecord): boolean => modeOf(service).startsWith("replicated")

export const isJob = (service: ServiceRecord): boolean => modeOf(service).endsWith("-job")

export const nameOf = (service: ServiceRecord): string => textAt(service.spec, "Name")

const decodeService = Schema.decodeUnknownSync(WireService)
const decodeNode = Schema.decodeUnknownSync(WireNode)

/** What cannot be read of a spec, as a sentence; null when all of it can. */
export const unreadable = (spec: EngineJson): string | null => {
  const decoded = Schema.decodeUnknownEither(WireService)(
    withRoundedNumbers({ ID: "new", Version: { Index: 0 }, Spec: spec })
  )
  if (Either.isRight(decoded)) return null
  const [problem] = ArrayFormatter.formatErrorSync(decoded.left)
  return `${problem?.path.map(String).join(".") ?? "Spec"}: ${problem?.message ?? "it cannot be read"}`
}

const services = new WeakMap<ServiceRecord, Service>()

/** The service as the rules see it. */
export const serviceOf = (record: ServiceRecord): Service => {
  const known = services.get(record)
  if (known !== undefined) return known
  const raw = { Spec: record.spec, PreviousSpec: undefined }
  const wire = decodeService(
    withRoundedNumbers({
      ID: record.id,
      Version: { Index: record.version },
      Spec: record.spec,
      SpecVersion: { Index: record.specVersion }
    })
  )
  // Overlay is the only driver of swarm networks here, and every node has it.
  const service = toService(wire, raw, [])
  services.set(record, service)
  return service
}

const templates = new WeakMap<EngineJson, Template>()

/** One template for all tasks that are made from this spec. */
export const templateOf = (record: ServiceRecord): Template => {
  const known = templates.get(record.spec)
  if (known !== undefined && known.specVersion === record.specVersion) return known
  const { Runtime: _, ...spec } = recordAt(record.spec, "TaskTemplate")
  const template: Template = {
    serviceName: nameOf(record),
    spec,
    specVersion: record.specVersion,
    service: serviceOf(record),
    endpointSpec: record.spec["EndpointSpec"],
    hostPorts: listAt(record.spec, "EndpointSpec", "Ports").flatMap((port) =>
      textAt(port, "PublishMode") === "host" && (numberAt(port, "PublishedPort") ?? 0) !== 0
        ? [recordAt({ port }, "port")]
        : []
    ),
    restart: restartPolicyOf(spec),
    stopGraceMillis: durationAt(spec, "ContainerSpec", "StopGracePeriod") ?? defaultStopGraceMillis
  }
  templates.set(record.spec, template)
  return template
}

const restartPolicyOf = (spec: EngineJson): RestartPolicy => {
  const condition = textAt(spec, "RestartPolicy", "Condition")
  return {
    condition: condition === "none" || condition === "on-failure" ? condition : "any",
    delayMillis: durationAt(spec, "RestartPolicy", "Delay") ?? defaultRestartDelayMillis,
    maxAttempts: numberAt(spec, "RestartPolicy", "MaxAttempts") ?? 0,
    windowMillis: durationAt(spec, "RestartPolicy", "Window") ?? 0
  }
}

/** Null without a check, with `NONE`, and with a check that is left to the image: images hold none here. */
export const healthCheckOf = (spec: EngineJson): HealthCheck | null => {
  const test = listAt(spec, "ContainerSpec", "Healthcheck", "Test")
  if (test.length === 0 || test[0] === "NONE") return null
  const field = (name: string, fallback: number) => durationAt(spec, "ContainerSpec", "Healthcheck", name) || fallback
  return {
    intervalMillis: field("Interval", 30_000),
    timeoutMillis: field("Timeout", 30_000),
    startPeriodMillis: field("StartPeriod", 0),
    retries: numberAt(spec, "ContainerSpec", "Healthcheck", "Retries") || 3
  }
}

const tasks = new WeakMap<TaskRecord, Task>()

/** The task as the rules see it; its addresses play no part there. */
export const taskOf = (record: TaskRecord): Task => {
  const known = tasks.get(record)
  if (known !== undefined) return known
  const task = new Task(
    {
      id: record.id as TaskId,
      version: record.version as RaftIndex,
      service: record.serviceId as ServiceId,
      node: record.nodeId === "" ? null : (record.nodeId as NodeId),
      slot: record.slot,
      desired: record.desired,
      state: record.state,
      stateSince: "",
      message: record.message,
      error: record.error,
      containerId: record.container?.containerId ?? "",
      addresses: [],
      specVersion: record.template.specVersion as RaftIndex,
      spec: record.template.spec,
      createdAt: "",
      updatedAt: ""
    },
    true
  )
  tasks.set(record, task)
  return task
}

const nodes = new WeakMap<NodeRecord, Node>()

/** The node as the rules see it; that it is a manager is read of its role. */
export const nodeOf = (record: NodeRecord): Node => {
  const known = nodes.get(record)
  if (known !== undefined) return known
  const node = toNode(
    decodeNode(
      withRoundedNumbers({
        ID: record.id,
        Version: { Index: record.version },
        Spec: record.spec,
        Description: record.description,
        Status: { State: record.state, Addr: record.address }
      })
    )
  )
  nodes.set(record, node)
  return node
}
