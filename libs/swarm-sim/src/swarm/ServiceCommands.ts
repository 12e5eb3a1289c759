/**
 * Creating, updating, rolling back and removing services (swarmkit `manager/controlapi/service.go`, moby
 * `daemon/cluster/services.go`): checks against what the Swarm holds, versions, `PreviousSpec`. What follows from it is the
 * orchestrators' matter.
 */
import { isSameSpec } from "@evenkeel/domain/rules/Dirtiness"
import { attachmentsOf, needsIngress } from "./Allocator.ts"
import { at, isRecord, listAt, numberAt, recordAt, textAt } from "./Json.ts"
import type { Machine } from "./Machine.ts"
import {
  alreadyExists,
  failedPrecondition,
  firstFailure,
  invalidArgument,
  notFound,
  outOfSequence,
  plain,
  succeed,
  unimplemented
} from "./Outcomes.ts"
import type { ServiceRecord } from "./Records.ts"
import { takeServiceSpec } from "./SpecIntake.ts"
import { checkServiceSpec } from "./SpecRules.ts"
import type { EngineJson, Outcome } from "./SwarmPort.ts"
import { nameOf, unreadable } from "./Templates.ts"

type Check = Outcome<null> | null

/** Network names become ids, as the engine makes them before SwarmKit sees the spec. */
const withNetworkIds = ({ store }: Machine, spec: EngineJson): Outcome<EngineJson> => {
  const networks = [...store.networks.values()]
  for (const { target } of attachmentsOf(spec))
    if (!networks.some(({ id, name }) => id === target || name === target))
      return plain("NotFound", `network ${target} not found`)
  const resolve = (items: unknown): unknown =>
    Array.isArray(items)
      ? items.map((item: unknown) => {
          const target = textAt(item, "Target")
          const found = networks.find(({ id }) => id === target) ?? networks.find(({ name }) => name === target)
          return isRecord(item) ? { ...item, Target: found?.id ?? target } : item
        })
      : items
  const template = recordAt(spec, "TaskTemplate")
  return succeed({
    ...spec,
    ...(spec["Networks"] === undefined ? {} : { Networks: resolve(spec["Networks"]) }),
    TaskTemplate: {
      ...template,
      ...(template["Networks"] === undefined ? {} : { Networks: resolve(template["Networks"]) })
    }
  })
}

const take = (machine: Machine, posted: EngineJson): Outcome<EngineJson> => {
  const taken = takeServiceSpec(posted)
  if (!taken.ok) return taken
  const resolved = withNetworkIds(machine, taken.spec)
  if (!resolved.ok) return resolved
  const refused = checkServiceSpec(resolved.value) ?? checkNetworks(machine, resolved.value)
  if (refused !== null && !refused.ok) return refused
  const problem = unreadable(resolved.value)
  return problem === null ? resolved : plain("InvalidArgument", `invalid service spec: ${problem}`)
}

const checkNetworks = ({ store }: Machine, spec: EngineJson): Check => {
  for (const { target } of attachmentsOf(spec)) {
    const network = store.networks.get(target)
    if (network?.isIngress === true)
      return invalidArgument(`Service cannot be explicitly attached to the ingress network "${network.name}"`)
  }
  return null
}

const checkIngress = ({ store }: Machine, spec: EngineJson): Check =>
  needsIngress(spec) && !store.networks.values().some(({ isIngress }) => isIngress)
    ? failedPrecondition("service needs ingress network, but no ingress network is present")
    : null

/** `serviceId` is the service that may keep its ports; null for a new one. */
const checkPortConflicts = ({ store }: Machine, spec: EngineJson, serviceId: string | null): Check => {
  const keyOf = (port: unknown) => `${textAt(port, "Protocol")}/${numberAt(port, "PublishedPort") ?? 0}`
  const wanted = listAt(spec, "EndpointSpec", "Ports").filter((port) => (numberAt(port, "PublishedPort") ?? 0) !== 0)
  const byMode = (mode: string) =>
    new Set(wanted.filter((port) => textAt(port, "PublishMode") === mode).map((port) => keyOf(port)))
  const [ingress, host] = [byMode("ingress"), byMode("host")]
  if (wanted.length === 0) return null
  for (const service of store.services.values()) {
    if (service.id === serviceId) continue
    for (const port of [...listAt(service.spec, "EndpointSpec", "Ports"), ...(service.endpoint?.ports ?? [])]) {
      const isHost = textAt(port, "PublishMode") === "host"
      const conflicts = ingress.has(keyOf(port)) || (!isHost && host.has(keyOf(port)))
      if (!conflicts) continue
      const number = numberAt(port, "PublishedPort") ?? 0
      const how = isHost ? "a host-published port" : "an ingress port"
      return invalidArgument(
        `port '${number}' is already in use by service '${nameOf(service)}' (${service.id}) as ${how}`
      )
    }
  }
  return null
}

const checkReferences = ({ store }: Machine, spec: EngineJson): Check => {
  const missing = (kind: "Secret" | "Config", table: ReadonlyMap<string, { readonly spec: EngineJson }>) =>
    listAt(spec, "TaskTemplate", "ContainerSpec", `${kind}s`).flatMap((reference) => {
      const name = textAt(reference, `${kind}Name`)
      const found = table.get(textAt(reference, `${kind}ID`))
      return found !== undefined && found.spec["Name"] === name ? [] : [name]
    })
  for (const [kind, names] of [
    ["secret", missing("Secret", store.secrets)],
    ["config", missing("Config", store.configs)]
  ] as const)
    if (names.length > 0)
      return invalidArgument(`${kind}${names.length === 1 ? "" : "s"} not found: ${names.join(", ")}`)
  return null
}

const isJobSpec = (spec: EngineJson): boolean =>
  at(spec, "Mode", "ReplicatedJob") !== undefined || at(spec, "Mode", "GlobalJob") !== undefined

export const createService = (machine: Machine, posted: EngineJson): Outcome<string> => {
  const { agenda, random, store } = machine
  const taken = take(machine, posted)
  if (!taken.ok) return taken
  const spec = taken.value
  const name = textAt(spec, "Name")
  const refused = firstFailure(
    () => checkPortConflicts(machine, spec, null),
    () => checkIngress(machine, spec),
    () => checkReferences(machine, spec),
    () =>
      store.serviceByName(name) === undefined
        ? null
        : alreadyExists(`name conflicts with an existing object: service ${name} already exists`)
  )
  if (refused !== null && !refused.ok) return refused
  const id = random.id()
  store.update((transaction) =>
    transaction.put({
      kind: "service",
      id,
      spec,
      specVersion: 0,
      previousSpec: null,
      previousSpecVersion: 0,
      updateStatus: null,
      endpoint: null,
      jobStatus: isJobSpec(spec) ? { iteration: 0, lastExecutionMillis: agenda.nowMillis } : null
    })
  )
  return succeed(id)
}

export const updateService = (
  machine: Machine,
  id: string,
  version: bigint,
  posted: EngineJson,
  options: { readonly rollback: boolean }
): Outcome<null> => {
  const { agenda, store } = machine
  const taken = take(machine, posted)
  if (!taken.ok) return taken
  const spec = taken.value
  const service = store.services.get(id)
  if (service === undefined) return notFound("service", id)
  const refused = firstFailure(
    () =>
      isSameSpec(spec["EndpointSpec"], service.spec["EndpointSpec"]) ? null : checkPortConflicts(machine, spec, id),
    () => checkUnchangeable(service, spec),
    () => checkReferences(machine, spec),
    () =>
      Object.keys(recordAt(spec, "Mode"))[0] === Object.keys(recordAt(service.spec, "Mode"))[0]
        ? null
        : unimplemented("service mode change is not allowed"),
    () => (spec["Name"] === service.spec["Name"] ? null : unimplemented("renaming services is not supported")),
    () =>
      options.rollback && service.previousSpec === null
        ? failedPrecondition(`service ${id} does not have a previous spec`)
        : null,
    () => checkIngress(machine, options.rollback ? (service.previousSpec ?? spec) : spec),
    () => (version === BigInt(service.version) ? null : outOfSequence)
  )
  if (refused !== null && !refused.ok) return refused
  const jobStatus =
    service.jobStatus === null
      ? null
      : { iteration: service.jobStatus.iteration + 1, lastExecutionMillis: agenda.nowMillis }
  store.update((transaction) =>
    transaction.put({
      ...service,
      jobStatus,
      ...(options.rollback ? rolledBack(service, agenda.nowMillis) : replaced(service, spec))
    })
  )
  return succeed(null)
}

type SpecChange = Pick<ServiceRecord, "spec" | "specVersion" | "previousSpec" | "previousSpecVersion" | "updateStatus">

const replaced = (service: ServiceRecord, spec: EngineJson): SpecChange => ({
  spec,
  // The version that the client wrote, not the one that this write gets.
  specVersion: service.version,
  previousSpec: service.spec,
  previousSpecVersion: service.specVersion,
  updateStatus: null
})

const rolledBack = (service: ServiceRecord, nowMillis: number): SpecChange => ({
  spec: service.previousSpec ?? service.spec,
  specVersion: service.previousSpecVersion,
  previousSpec: service.spec,
  previousSpecVersion: service.specVersion,
  updateStatus: {
    state: "rollback_started",
    message: "manually requested rollback",
    startedMillis: nowMillis,
    completedMillis: null
  }
})

/** Networks of the spec itself, the old place for them, may only change together with those of the task template. */
const checkUnchangeable = (service: ServiceRecord, spec: EngineJson): Check => {
  const [before, after] = [listAt(service.spec, "Networks"), listAt(spec, "Networks")]
  const isSameOfTasks = isSameSpec(
    listAt(service.spec, "TaskTemplate", "Networks"),
    listAt(spec, "TaskTemplate", "Networks")
  )
  return (before.length > 0 || after.length > 0) && !isSameSpec(before, after) && isSameOfTasks
    ? unimplemented("networks must be migrated to TaskSpec before being changed")
    : null
}

export const removeService = ({ store }: Machine, id: string): Outcome<null> => {
  const service = store.services.get(id)
  if (service === undefined) return notFound("service", id)
  store.update((transaction) => transaction.remove(service))
  return succeed(null)
}
