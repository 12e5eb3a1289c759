/**
 * Commands on what services use: networks, secrets and configs (swarmkit `manager/controlapi/{network,secret,config}.go`).
 */
import { AddressPool, overlaps, parseSubnet, type Subnet, subnetsOf, subnetText } from "./AddressPool.ts"
import { attachmentsOf, needsIngress } from "./Allocator.ts"
import { at, listAt, recordAt, textAt, withPlainNumbers } from "./Json.ts"
import type { Machine } from "./Machine.ts"
import {
  alreadyExists,
  failedPrecondition,
  invalidArgument,
  notFound,
  outOfSequence,
  plain,
  succeed
} from "./Outcomes.ts"
import type { ConfigRecord, NetworkRecord, SecretRecord } from "./Records.ts"
import type { EngineJson, Outcome } from "./SwarmPort.ts"
import { hasEnded, isWanted } from "./TaskStates.ts"
import { nameOf } from "./Templates.ts"

/** Where networks without a subnet of their own get one. */
export interface SubnetSource {
  readonly pool: Subnet
  /** Prefix length of each. */
  readonly bits: number
}

const firstVxlanId = 4096

export const createNetwork = (machine: Machine, source: SubnetSource, posted: EngineJson): Outcome<string> => {
  const { random, store } = machine
  const spec = recordAt({ spec: withPlainNumbers(posted) }, "spec")
  const name = textAt(spec, "Name")
  const isIngress = spec["Ingress"] === true
  if (name === "") return invalidArgument("meta: name must be provided")
  const networks = [...store.networks.values()]
  if (networks.some((network) => network.name === name))
    return plain("Conflict", `network with name ${name} already exists`)
  const ingress = networks.find((network) => network.isIngress)
  if (isIngress && ingress !== undefined) return alreadyExists(`ingress network (${ingress.id}) is already present`)
  if (isIngress && spec["Attachable"] === true) return invalidArgument("ingress network cannot be attachable")
  const asked = textAt(listAt(spec, "IPAM", "Config")[0], "Subnet")
  const parsed = parseSubnet(asked)
  if (asked !== "" && parsed === null) return invalidArgument(`ipam configuration: invalid subnet ${asked}`)
  const taken = networks.flatMap(({ subnet }) => parseSubnet(subnet) ?? [])
  const subnet =
    parsed ?? subnetsOf(source.pool, source.bits).find((each) => !taken.some((other) => overlaps(each, other)))
  if (subnet === undefined) return failedPrecondition("could not find an available, non-overlapping IPv4 address pool")
  const id = random.id()
  const gateway = textAt(listAt(spec, "IPAM", "Config")[0], "Gateway")
  store.update((transaction) =>
    transaction.put({
      kind: "network",
      id,
      name,
      spec,
      subnet: subnetText(subnet),
      gateway: gateway === "" ? new AddressPool(subnet).gateway : gateway,
      vxlanId: Math.max(firstVxlanId, ...networks.map(({ vxlanId }) => vxlanId + 1)),
      isIngress
    })
  )
  return succeed(id)
}

export const removeNetwork = ({ store }: Machine, id: string): Outcome<null> => {
  const network = store.networks.get(id)
  if (network === undefined) return notFound("network", id)
  const refused = network.isIngress ? ingressUser(store.services.values()) : networkUser(store, network)
  if (refused !== null) return failedPrecondition(refused)
  store.update((transaction) => transaction.remove(network))
  return succeed(null)
}

const ingressUser = (services: Iterable<{ readonly id: string; readonly spec: EngineJson }>): string | null => {
  for (const { id, spec } of services)
    if (needsIngress(spec)) return `ingress network cannot be removed because service ${id} depends on it`
  return null
}

const networkUser = (store: Machine["store"], { id }: NetworkRecord): string | null => {
  for (const service of store.services.values())
    if (attachmentsOf(service.spec).some(({ target }) => target === id))
      return `network ${id} is in use by service ${service.id}`
  for (const task of store.tasks.values())
    if (isWanted(task) && !hasEnded(task) && task.attachments.some(({ networkId }) => networkId === id))
      return `network ${id} is in use by task ${task.id}`
  return null
}

type Kind = "secret" | "config"

const objectName = /^[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?$/
const mostBytes: Record<Kind, number> = { secret: 500 * 1024, config: 1000 * 1024 }

const tableOf = ({ store }: Machine, kind: Kind): ReadonlyMap<string, SecretRecord | ConfigRecord> =>
  kind === "secret" ? store.secrets : store.configs

export const createObject = (machine: Machine, kind: Kind, posted: EngineJson): Outcome<string> => {
  const spec = recordAt({ spec: withPlainNumbers(posted) }, "spec")
  const name = textAt(spec, "Name")
  if (name === "") return invalidArgument("name must be provided")
  if (name.length > 64 || !objectName.test(name))
    return invalidArgument(
      "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]"
    )
  const bytes = Buffer.from(textAt(spec, "Data"), "base64").length
  if (at(spec, "Driver") === undefined && (bytes === 0 || bytes >= mostBytes[kind]))
    return invalidArgument(`${kind} data must be larger than 0 and less than ${mostBytes[kind]} bytes`)
  for (const other of tableOf(machine, kind).values())
    if (other.spec["Name"] === name) return alreadyExists(`${kind} ${name} already exists`)
  const id = machine.random.id()
  machine.store.update((transaction) => transaction.put(kind === "secret" ? { kind, id, spec } : { kind, id, spec }))
  return succeed(id)
}

/** Only labels may change. */
export const updateObject = (
  machine: Machine,
  kind: Kind,
  id: string,
  version: bigint,
  posted: EngineJson
): Outcome<null> => {
  const record = tableOf(machine, kind).get(id)
  if (record === undefined) return notFound(kind, id)
  const data = at(posted, "Data")
  if (textAt(posted, "Name") !== record.spec["Name"] || (typeof data === "string" && data !== record.spec["Data"]))
    return invalidArgument("only updates to Labels are allowed")
  if (version !== BigInt(record.version)) return outOfSequence
  machine.store.update((transaction) =>
    transaction.put({ ...record, spec: { ...record.spec, Labels: recordAt(posted, "Labels") } })
  )
  return succeed(null)
}

export const removeObject = (machine: Machine, kind: Kind, id: string): Outcome<null> => {
  const record = tableOf(machine, kind).get(id)
  if (record === undefined) return notFound(kind, id)
  const [list, field] = kind === "secret" ? ["Secrets", "SecretID"] : ["Configs", "ConfigID"]
  const users = [...machine.store.services.values()].filter(({ spec }) =>
    listAt(spec, "TaskTemplate", "ContainerSpec", list).some((reference) => textAt(reference, field) === id)
  )
  if (users.length > 0) {
    const word = users.length === 1 ? "service" : "services"
    const names = users.map(nameOf).join(", ")
    return invalidArgument(`${kind} '${textAt(record.spec, "Name")}' is in use by the following ${word}: ${names}`)
  }
  machine.store.update((transaction) => transaction.remove(record))
  return succeed(null)
}
