/**
 * Gives services their ports and virtual addresses and tasks their addresses, and with that lets tasks go from NEW to PENDING
 * (swarmkit `manager/allocator/network.go`). Addresses come back when a task has ended or is deleted.
 */
import { isDeepStrictEqual } from "node:util"
import { AddressPool, parseSubnet } from "./AddressPool.ts"
import { at, listAt, numberAt, recordAt, textAt } from "./Json.ts"
import { type Machine, type Scope, Wake } from "./Machine.ts"
import { NodeAttachments } from "./NodeAttachments.ts"
import type { Attachment, Endpoint, NetworkRecord, ServiceRecord, TaskRecord, VirtualIp } from "./Records.ts"
import type { Change } from "./Store.ts"
import type { EngineJson } from "./SwarmPort.ts"
import { hasEnded } from "./TaskStates.ts"

const firstDynamicPort = 30_000
const lastDynamicPort = 32_767

export class Allocator {
  readonly #machine: Machine
  readonly #wake: Wake
  readonly #pools = new Map<string, AddressPool>()
  readonly #newNetworks = new Set<string>()
  readonly #newServices = new Set<string>()
  readonly #newTasks = new Set<string>()
  /** Attachments by task, as long as their addresses are taken. */
  readonly #held = new Map<string, ReadonlyArray<Attachment>>()
  /** Tasks for which there was no address. */
  readonly #waiting = new Set<string>()
  readonly #nodes: NodeAttachments

  constructor(machine: Machine, scope: Scope) {
    this.#machine = machine
    this.#nodes = new NodeAttachments(machine, (networkId) => this.#poolOf(networkId))
    this.#wake = new Wake(scope, machine.timings.reaction, () => this.#tick())
    scope.watch(machine.store, (changes) => this.#observe(changes))
  }

  /** A leader that follows another writes every network and every node once more, though nothing of them changes. */
  start(isFirst: boolean): void {
    const { store } = this.#machine
    if (!isFirst) for (const id of store.networks.keys()) this.#newNetworks.add(id)
    for (const service of store.services.values()) {
      for (const { address, networkId } of service.endpoint?.virtualIps ?? []) this.#poolOf(networkId)?.claim(address)
      this.#newServices.add(service.id)
    }
    for (const task of store.tasks.values()) {
      if (task.state === "new") this.#newTasks.add(task.id)
      else if (!hasEnded(task)) {
        this.#held.set(task.id, task.attachments)
        for (const { addresses, networkId } of task.attachments)
          for (const address of addresses) this.#poolOf(networkId)?.claim(address)
      }
    }
    this.#nodes.start(isFirst)
    this.#wake.request()
  }

  #observe(changes: ReadonlyArray<Change>): void {
    for (const { after, before } of changes) {
      if (after?.kind === "network" && before === null) this.#newNetworks.add(after.id)
      else if (after?.kind === "service") this.#newServices.add(after.id)
      else if (after === null && before?.kind === "service") this.#giveBackService(before)
      else if (after?.kind === "task") {
        if (after.state === "new") this.#newTasks.add(after.id)
        else if (hasEnded(after)) this.#giveBack(after.id)
        this.#nodes.taskChanged(before?.kind === "task" ? before : null, after)
      } else if (before?.kind === "task") {
        this.#giveBack(before.id)
        this.#nodes.taskChanged(before, null)
      } else if (after === null && before?.kind === "node") this.#nodes.nodeRemoved(before)
      else if (after === null && before?.kind === "network") this.#pools.delete(before.id)
    }
    const pending = this.#newNetworks.size + this.#newServices.size + this.#newTasks.size
    if (pending > 0 || this.#nodes.isPending) this.#wake.request()
  }

  #giveBack(taskId: string): void {
    this.#newTasks.delete(taskId)
    const held = this.#held.get(taskId)
    if (held === undefined) return
    this.#held.delete(taskId)
    for (const { addresses, networkId } of held)
      for (const address of addresses) this.#pools.get(networkId)?.give(address)
    // Tasks that found no address may find one now; they are tried at the next change.
    for (const task of this.#waiting) this.#newTasks.add(task)
    this.#waiting.clear()
  }

  #giveBackService(service: ServiceRecord): void {
    this.#newServices.delete(service.id)
    for (const { address, networkId } of service.endpoint?.virtualIps ?? []) this.#pools.get(networkId)?.give(address)
  }

  #poolOf(networkId: string): AddressPool | null {
    const known = this.#pools.get(networkId)
    if (known !== undefined) return known
    const network = this.#machine.store.networks.get(networkId)
    const subnet = network === undefined ? null : parseSubnet(network.subnet)
    if (subnet === null) return null
    const pool = new AddressPool(subnet)
    this.#pools.set(networkId, pool)
    return pool
  }

  #tick(): void {
    const { store } = this.#machine
    const networks = [...this.#newNetworks]
    this.#newNetworks.clear()
    const services = [...this.#newServices]
    this.#newServices.clear()
    store.update((transaction) => {
      // Their subnets were chosen when they were made; that they are allocated is one more write.
      for (const id of networks) {
        const network = store.networks.get(id)
        if (network !== undefined) transaction.put({ ...network })
      }
      for (const id of services) {
        const service = store.services.get(id)
        const endpoint = service === undefined || !this.#needsEndpoint(service) ? null : this.#endpointFor(service)
        if (service !== undefined && endpoint !== null && !isDeepStrictEqual(endpoint, service.endpoint))
          transaction.put({ ...service, endpoint })
      }
    })
    this.#nodes.tick()
    const tasks = [...this.#newTasks]
    this.#newTasks.clear()
    store.update((transaction) => {
      for (const id of tasks) {
        const task = store.tasks.get(id)
        if (task === undefined || task.state !== "new") continue
        const attachments = this.#attach(task)
        if (attachments === null) this.#waiting.add(id)
        else
          transaction.put({
            ...task,
            attachments,
            state: "pending",
            message: "pending task scheduling",
            stateMillis: this.#machine.agenda.nowMillis
          })
      }
    })
  }

  /**
   * A service without ports and virtual addresses counts as allocated as it is (swarmkit `cnmallocator`,
   * `IsServiceAllocated`): nothing is written for it.
   */
  #needsEndpoint(service: ServiceRecord): boolean {
    if (service.endpoint !== null || listAt(service.spec, "EndpointSpec", "Ports").length > 0) return true
    const isVip = textAt(service.spec, "EndpointSpec", "Mode") !== "dnsrr"
    return isVip && this.#networksOf(service).length > 0
  }

  #endpointFor(service: ServiceRecord): Endpoint {
    const spec = service.spec["EndpointSpec"]
    const before = service.endpoint
    const isVip = textAt(spec, "Mode") !== "dnsrr"
    const wanted = isVip ? this.#networksOf(service).map(({ id }) => id) : []
    const kept = (before?.virtualIps ?? []).filter(({ networkId }) => wanted.includes(networkId))
    for (const { address, networkId } of before?.virtualIps ?? [])
      if (!wanted.includes(networkId)) this.#pools.get(networkId)?.give(address)
    const virtualIps = wanted.flatMap((networkId): ReadonlyArray<VirtualIp> => {
      const known = kept.find((vip) => vip.networkId === networkId)
      if (known !== undefined) return [known]
      const address = this.#poolOf(networkId)?.take() ?? null
      return address === null ? [] : [{ networkId, address }]
    })
    return { spec, ports: this.#portsFor(service), virtualIps }
  }

  /** Ingress ports without a number get one from 30000 on, and keep it. */
  #portsFor(service: ServiceRecord): ReadonlyArray<EngineJson> {
    const before = service.endpoint?.ports ?? []
    return listAt(service.spec, "EndpointSpec", "Ports").map((item) => {
      const port = recordAt({ item }, "item")
      if ((numberAt(port, "PublishedPort") ?? 0) !== 0 || textAt(port, "PublishMode") !== "ingress") return port
      const known = before.find(
        (each) => each["TargetPort"] === port["TargetPort"] && each["Protocol"] === port["Protocol"]
      )
      return { ...port, PublishedPort: known?.["PublishedPort"] ?? this.#freePort(textAt(port, "Protocol")) }
    })
  }

  #freePort(protocol: string): number {
    const taken = new Set<unknown>()
    for (const { endpoint } of this.#machine.store.services.values())
      for (const port of endpoint?.ports ?? []) if (port["Protocol"] === protocol) taken.add(port["PublishedPort"])
    let port = firstDynamicPort
    while (taken.has(port) && port < lastDynamicPort) port++
    return port
  }

  /** The service's networks, with the ingress network first where the routing mesh publishes a port. */
  #networksOf(service: ServiceRecord): ReadonlyArray<NetworkRecord> {
    const { networks } = this.#machine.store
    const own = attachmentsOf(service.spec).flatMap(({ target }) => networks.get(target) ?? [])
    const ingress = needsIngress(service.spec) ? [...networks.values()].filter(({ isIngress }) => isIngress) : []
    return [...ingress, ...own]
  }

  /** Null while an address is missing. */
  #attach(task: TaskRecord): ReadonlyArray<Attachment> | null {
    const service = this.#machine.store.services.get(task.serviceId)
    if (service === undefined) return []
    const aliases = new Map(attachmentsOf(service.spec).map((each) => [each.target, each.aliases]))
    const attachments: Array<Attachment> = []
    for (const network of this.#networksOf(service)) {
      const address = this.#poolOf(network.id)?.take() ?? null
      if (address === null) {
        for (const { addresses, networkId } of attachments)
          for (const taken of addresses) this.#pools.get(networkId)?.give(taken)
        return null
      }
      attachments.push({ networkId: network.id, addresses: [address], network, aliases: aliases.get(network.id) ?? [] })
    }
    if (attachments.length > 0) this.#held.set(task.id, attachments)
    return attachments
  }
}

/** Networks that a service spec names, wherever its client wrote them. */
export const attachmentsOf = (
  spec: EngineJson
): ReadonlyArray<{ readonly target: string; readonly aliases: ReadonlyArray<string> }> => {
  const ofTasks = listAt(spec, "TaskTemplate", "Networks")
  const listed = ofTasks.length > 0 ? ofTasks : listAt(spec, "Networks")
  return listed.map((item) => ({
    target: textAt(item, "Target"),
    aliases: listAt(item, "Aliases").filter((alias) => typeof alias === "string")
  }))
}

/** Whether the routing mesh publishes a port of it (swarmkit `allocator.IsIngressNetworkNeeded`). */
export const needsIngress = (spec: EngineJson): boolean =>
  textAt(spec, "EndpointSpec", "Mode") !== "dnsrr" &&
  listAt(spec, "EndpointSpec", "Ports").some((port) => at(port, "PublishMode") === "ingress")
