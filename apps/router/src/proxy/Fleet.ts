/**
 * The routing table as this router lives by it: endpoints, nodes and targets with what was learnt of them, carried over from
 * table to table by task, node and name. Decides what a change means for connections; sends no request itself.
 */
import type { RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import { hashOf } from "../balancing/Hashing.ts"
import { policyOf } from "../balancing/Policy.ts"
import { Share } from "../balancing/Pool.ts"
import { Endpoint, type ServiceSettings } from "./Endpoint.ts"
import { NodeHealth } from "./NodeHealth.ts"
import { type RouteEntry, RouteIndex } from "./RouteIndex.ts"
import { Target } from "./Target.ts"

export interface FleetOptions {
  readonly nodeId: string
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** A task that comes while the router runs gets its full share only after this. */
  readonly slowStartMs: number
  /** An endpoint left the table or its address changed: nothing may go there any more. */
  readonly onGone: (endpoint: Endpoint) => void
  /** The suspicion of a node ended. */
  readonly onCleared: (node: NodeHealth) => void
}

const none: ReadonlyArray<NodeHealth> = []

export class Fleet {
  routes = new RouteIndex([])
  readonly endpoints = new Map<string, Endpoint>()
  readonly nodes = new Map<string, NodeHealth>()
  readonly targets = new Map<string, Target>()
  private readonly options: FleetOptions
  private silentNodes: ReadonlySet<string> = new Set()
  private hasTable = false

  constructor(options: FleetOptions) {
    this.options = options
  }

  /** Takes over `table`. Streams of endpoints that stay are not touched. */
  apply(table: RoutingTable): void {
    const services = new Map<string, RoutedService>()
    const byService = new Map<string, Array<Endpoint>>()
    const staying = new Set<Endpoint>()
    const before = [...this.endpoints.values()]
    for (const service of table.services) {
      services.set(service.id, service)
      const settings = settingsOf(service)
      const fresh: Array<Endpoint> = []
      const endpoints = service.endpoints.map((entry) => {
        const endpoint = this.endpointOf(entry, settings, fresh)
        staying.add(endpoint)
        endpoint.state = entry.state
        if (entry.state === "draining") endpoint.closeIdle()
        return endpoint
      })
      for (const endpoint of endpoints) endpoint.siblings = endpoints
      if (this.hasTable) this.startCold(endpoints, fresh)
      byService.set(service.id, endpoints)
    }
    this.hasTable = true
    const leaving = before.filter((endpoint) => !staying.has(endpoint))
    for (const endpoint of leaving) endpoint.state = "gone"
    this.applyRoutes(table, services, byService)
    // Only now, so that what moves on finds the new table.
    for (const endpoint of leaving) this.drop(endpoint)
    for (const [id, node] of this.nodes) {
      if (node.endpoints.size > 0 || this.silentNodes.has(id)) continue
      node.endQuestions()
      this.nodes.delete(id)
    }
  }

  private applyRoutes(
    table: RoutingTable,
    services: ReadonlyMap<string, RoutedService>,
    byService: ReadonlyMap<string, ReadonlyArray<Endpoint>>
  ): void {
    const current = new Set<Target>()
    const idsByTarget = new Map<string, string>()
    const entries = table.routes.map((route): RouteEntry => {
      const ids = [...route.services, ...(route.weights ?? [])].join(" ")
      const known = idsByTarget.get(route.target)
      // One name for different services occurs where a group is called like a service, or a share of 0 leaves one of two.
      const name = known === undefined || known === ids ? route.target : `${route.target} (${ids})`
      if (known === undefined) idsByTarget.set(route.target, ids)
      const target = this.targets.get(name) ?? new Target(name)
      this.targets.set(name, target)
      if (!current.has(target)) {
        current.add(target)
        target.holdMillis = 0
        const routed = route.services.flatMap((id) => services.get(id) ?? [])
        target.serviceIds = route.services
        target.serviceNames = routed.map((service) => service.name)
        const [oldest] = routed
        if (oldest !== undefined && target.policy.label !== oldest.loadBalancing)
          target.policy = policyOf(oldest.loadBalancing)
        target.totalMillis = oldest?.timeouts.totalMillis ?? 0
        target.all = route.services.flatMap((id) => byService.get(id) ?? [])
        fill(target, route, byService)
      }
      target.holdMillis = Math.max(target.holdMillis, route.holdMillis)
      const path = route.path.length > 1 && route.path.endsWith("/") ? route.path.slice(0, -1) : route.path
      return { host: route.host, path, strip: route.strip, redirect: route.redirect, target }
    })
    for (const target of this.targets.values()) {
      if (current.has(target)) continue
      // Requests that wait go on waiting: a service redeployed comes back under its name.
      target.ready = []
      target.local = []
      target.all = []
      target.shares = null
      if (target.queue.length === 0) this.targets.delete(target.name)
    }
    this.routes = new RouteIndex(entries)
  }

  /** What `target` has become since: the target of its name, or itself, kept for the requests that still wait for it. */
  current(target: Target): Target {
    const current = this.targets.get(target.name)
    if (current === undefined) this.targets.set(target.name, target)
    return current ?? target
  }

  /** Nodes whose routers are silent; the own node is never among them. Returns those that became suspect by this. */
  setSilent(nodes: ReadonlySet<string>): ReadonlyArray<NodeHealth> {
    this.silentNodes = nodes
    const fresh: Array<NodeHealth> = []
    for (const id of nodes) {
      const node = this.nodeOf(id)
      if (id !== this.options.nodeId && node.setSilent(true, this.options.now())) fresh.push(node)
    }
    for (const node of this.nodes.values()) {
      if (nodes.has(node.id)) continue
      const before = node.isSuspect()
      node.setSilent(false, this.options.now())
      if (before && !node.isSuspect()) this.options.onCleared(node)
    }
    return fresh
  }

  /** Nodes with silent routers whose tasks have stopped answering too: suspect from now on. */
  lapsed(now: number): ReadonlyArray<NodeHealth> {
    if (this.silentNodes.size === 0) return none
    return [...this.silentNodes].flatMap((id) => {
      const node = this.nodes.get(id)
      return node?.lapses(now) ? [node] : []
    })
  }

  private nodeOf(id: string): NodeHealth {
    let node = this.nodes.get(id)
    if (node === undefined) {
      node = new NodeHealth(id)
      this.nodes.set(id, node)
    }
    return node
  }

  private endpointOf(
    entry: RoutedService["endpoints"][number],
    service: ServiceSettings,
    fresh: Array<Endpoint>
  ): Endpoint {
    const known = this.endpoints.get(entry.task)
    const same = known?.address === entry.address && known.port === entry.port && known.node.id === entry.node
    if (known !== undefined && same) {
      known.service = service
      return known
    }
    const node = this.nodeOf(entry.node)
    if (node.gotTask()) this.options.onCleared(node)
    const { task, address, port } = entry
    const local = entry.node === this.options.nodeId
    // A task of a global service has no slot: its place is its node.
    const seed = hashOf(`${service.id} ${entry.slot === 0 ? entry.node : entry.slot}`)
    const endpoint = new Endpoint({ task, node, address, port, local, seed, service })
    fresh.push(endpoint)
    this.endpoints.set(entry.task, endpoint)
    node.endpoints.add(endpoint)
    return endpoint
  }

  /** New tasks are expected to be as fast as the others are on average: nothing known must not look like the fastest. */
  private startCold(endpoints: ReadonlyArray<Endpoint>, fresh: ReadonlyArray<Endpoint>): void {
    if (fresh.length === 0 || fresh.length === endpoints.length) return
    const now = this.options.now()
    const isFresh = new Set(fresh)
    const known = endpoints.filter((endpoint) => endpoint.state === "ready" && !isFresh.has(endpoint))
    const sum = known.reduce((total, endpoint) => total + endpoint.latency(now), 0)
    for (const endpoint of fresh)
      endpoint.startCold(now, this.options.slowStartMs, known.length === 0 ? 0 : sum / known.length)
  }

  private drop(endpoint: Endpoint): void {
    if (this.endpoints.get(endpoint.task) === endpoint) this.endpoints.delete(endpoint.task)
    endpoint.closeIdle()
    this.options.onGone(endpoint)
    // With open streams it stays known to its node: should the node die, they are dead too.
    if (endpoint.open.size === 0) endpoint.node.endpoints.delete(endpoint)
  }
}

/** Who of `target.all` may be chosen, and by which share. */
const fill = (
  target: Target,
  { services, weights }: RoutingTable["routes"][number],
  byService: ReadonlyMap<string, ReadonlyArray<Endpoint>>
): void => {
  const isReady = (endpoint: Endpoint): boolean => endpoint.state === "ready"
  target.shares =
    weights === null
      ? null
      : services.flatMap((id, i) => {
          const weight = weights[i] ?? 0
          return weight === 0 ? [] : [new Share(id, weight, (byService.get(id) ?? []).filter(isReady))]
        })
  target.ready = target.shares?.flatMap(({ ready }) => ready) ?? target.all.filter(isReady)
  target.local = target.ready.filter((endpoint) => endpoint.local)
}

const settingsOf = (service: RoutedService): ServiceSettings => ({
  id: service.id,
  name: service.name,
  scheme: service.scheme,
  verifyName: service.verifyName,
  retries: service.retries,
  ...service.timeouts,
  health: service.health,
  hedgeAfter: service.hedgeAfter
})
