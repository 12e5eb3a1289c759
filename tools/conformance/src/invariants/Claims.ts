/**
 * What tasks hold of their nodes and networks, counted task by task as they change: reservations, ports of the node itself,
 * addresses, and how many tasks of a service are active on a node. Finds what two tasks hold at once.
 */
import { at, type EngineObject, listOf, numberAt, textAt } from "../EngineValue.ts"
import { isLive, isWanted, rank, ranks } from "./States.ts"

/** What one task holds; nothing of a node before it is assigned. */
export interface Claim {
  readonly task: string
  readonly service: string
  readonly node: string
  readonly nanoCpus: number
  readonly memoryBytes: number
  /** `tcp/8080`, of the node itself. */
  readonly hostPorts: ReadonlyArray<string>
  /** `<network>/<address>`. */
  readonly addresses: ReadonlyArray<string>
  readonly isActive: boolean
}

/** Null for a task that holds nothing. */
export const claimOf = (task: EngineObject): Claim | null => {
  const state = textAt(task, "Status", "State")
  if (rank(state) < ranks.pending || rank(state) > ranks.running) return null
  const holds = isLive(state)
  const amount = (field: string): number =>
    holds ? (numberAt(task, "Spec", "Resources", "Reservations", field) ?? 0) : 0
  return {
    task: textAt(task, "ID"),
    service: textAt(task, "ServiceID"),
    node: holds ? textAt(task, "NodeID") : "",
    nanoCpus: amount("NanoCPUs"),
    memoryBytes: amount("MemoryBytes"),
    hostPorts: hostPortsOf(at(task, "Status", "PortStatus", "Ports")),
    addresses: listOf(task["NetworksAttachments"]).flatMap((attachment) => {
      const addresses = Array.isArray(attachment["Addresses"])
        ? (attachment["Addresses"] as ReadonlyArray<unknown>)
        : []
      return addresses.map((address) => `${textAt(attachment, "Network", "ID")}/${String(address)}`)
    }),
    isActive: holds && isWanted(textAt(task, "DesiredState"))
  }
}

/** Ports of a list that a node itself publishes. */
export const hostPortsOf = (ports: unknown): ReadonlyArray<string> =>
  listOf(ports).flatMap((port) =>
    textAt(port, "PublishMode") === "host" && (numberAt(port, "PublishedPort") ?? 0) !== 0
      ? [`${textAt(port, "Protocol")}/${numberAt(port, "PublishedPort") ?? 0}`]
      : []
  )

interface Total {
  nanoCpus: number
  memoryBytes: number
}

/** Holders by what is held. */
class Holders {
  readonly #byThing = new Map<string, Set<string>>()
  readonly #contested = new Set<string>()

  take(thing: string, task: string): void {
    const holders = this.#byThing.get(thing)
    if (holders === undefined) this.#byThing.set(thing, new Set([task]))
    else if (holders.add(task).size > 1) this.#contested.add(thing)
  }

  release(thing: string, task: string): void {
    const holders = this.#byThing.get(thing)
    if (holders === undefined) return
    holders.delete(task)
    if (holders.size < 2) this.#contested.delete(thing)
    if (holders.size === 0) this.#byThing.delete(thing)
  }

  /** What more than one task holds. */
  get contested(): ReadonlyArray<string> {
    return [...this.#contested].map(
      (thing) => `${thing} is held by tasks ${[...(this.#byThing.get(thing) ?? [])].join(", ")}`
    )
  }
}

export class NodeClaims {
  readonly #totals = new Map<string, Total>()
  readonly #active = new Map<string, number>()
  readonly #holders = new Holders()

  take(claim: Claim): void {
    this.#count(claim, 1)
    for (const thing of thingsOf(claim)) this.#holders.take(thing, claim.task)
  }

  release(claim: Claim): void {
    this.#count(claim, -1)
    for (const thing of thingsOf(claim)) this.#holders.release(thing, claim.task)
  }

  /** Tasks of the service that run on the node, or will, and are wanted. */
  active(node: string, service: string): number {
    return this.#active.get(`${node}/${service}`) ?? 0
  }

  /** What the tasks of a node reserve. */
  reserved(node: string): Readonly<Total> {
    return this.#totals.get(node) ?? { nanoCpus: 0, memoryBytes: 0 }
  }

  violations(nodes: ReadonlyMap<string, EngineObject>): ReadonlyArray<string> {
    const violations = [...this.#holders.contested]
    for (const [id, { memoryBytes, nanoCpus }] of this.#totals) {
      const node = nodes.get(id)
      if (node === undefined) continue
      const cpus = numberAt(node, "Description", "Resources", "NanoCPUs") ?? 0
      const memory = numberAt(node, "Description", "Resources", "MemoryBytes") ?? 0
      if (nanoCpus > cpus) violations.push(`node ${id} has ${cpus} nano CPUs and ${nanoCpus} reserved`)
      if (memoryBytes > memory) violations.push(`node ${id} has ${memory} bytes and ${memoryBytes} reserved`)
    }
    return violations
  }

  #count({ isActive, memoryBytes, nanoCpus, node, service }: Claim, by: 1 | -1): void {
    if (node === "") return
    if (isActive) {
      const key = `${node}/${service}`
      this.#active.set(key, (this.#active.get(key) ?? 0) + by)
    }
    if (nanoCpus === 0 && memoryBytes === 0) return
    const total = this.#totals.get(node) ?? { nanoCpus: 0, memoryBytes: 0 }
    total.nanoCpus += by * nanoCpus
    total.memoryBytes += by * memoryBytes
    this.#totals.set(node, total)
  }
}

const thingsOf = ({ addresses, hostPorts, node }: Claim): ReadonlyArray<string> => [
  ...hostPorts.map((port) => `port ${port} of node ${node}`),
  ...addresses.map((address) => `address ${address}`)
]
