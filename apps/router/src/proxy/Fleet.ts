/**
 * The routing table as this router lives by it: endpoints, nodes and targets with what was learnt of them, carried over from
 * table to table by task, node and name. Decides what a change means for connections; sends no request itself.
 */
import type { RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import { Endpoint, type ServiceSettings } from "./Endpoint.ts"
import { NodeHealth } from "./NodeHealth.ts"
import { type RouteEntry, RouteIndex } from "./RouteIndex.ts"
import { Target } from "./Target.ts"

export interface FleetOptions {
  readonly nodeId: string
  /** An endpoint left the table or its address changed: nothing may go there any more. */
  readonly onGone: (endpoint: Endpoint) => void
  /** The suspicion of a node ended. */
  readonly onCleared: (node: NodeHealth) => void
}

export class Fleet {
  routes = new RouteIndex([])
  readonly endpoints = new Map<string, Endpoint>()
  readonly nodes = new Map<string, NodeHealth>()
  readonly targets = new Map<string, Target>()
  private readonly options: FleetOptions
  private silentNodes: ReadonlySet<string> = new Set()

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
      byService.set(
        service.id,
        service.endpoints.map((entry) => {
          const endpoint = this.endpointOf(entry, settings)
          staying.add(endpoint)
          endpoint.state = entry.state
          if (entry.state === "draining") endpoint.closeIdle()
          return endpoint
        })
      )
    }
    const leaving = before.filter((endpoint) => !staying.has(endpoint))
    for (const endpoint of leaving) endpoint.state = "gone"
    this.applyRoutes(table, services, byService)
    // Only now, so that what moves on finds the new table.
    for (const endpoint of leaving) this.drop(endpoint)
    for (const [id, node] of this.nodes)
      if (node.endpoints.size === 0 && !this.silentNodes.has(id)) this.nodes.delete(id)
  }

  private applyRoutes(
    table: RoutingTable,
    services: ReadonlyMap<string, RoutedService>,
    byService: ReadonlyMap<string, ReadonlyArray<Endpoint>>
  ): void {
    const current = new Set<Target>()
    const idsByTarget = new Map<string, string>()
    const entries = table.routes.map((route): RouteEntry => {
      const ids = route.services.join(" ")
      const known = idsByTarget.get(route.target)
      // One name for different services occurs only where a group is called like a service.
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
        target.all = route.services.flatMap((id) => byService.get(id) ?? [])
        const speakable = target.all.filter((endpoint) => endpoint.service.scheme === "http")
        target.unspeakable = target.all.length > 0 && speakable.length === 0
        target.ready = speakable.filter((endpoint) => endpoint.state === "ready")
        target.local = target.ready.filter((endpoint) => endpoint.local)
      }
      target.holdMillis = Math.max(target.holdMillis, route.holdMillis)
      const path = route.path.length > 1 && route.path.endsWith("/") ? route.path.slice(0, -1) : route.path
      return { host: route.host, path, strip: route.strip, target }
    })
    for (const target of this.targets.values()) {
      if (current.has(target)) continue
      // Requests that wait go on waiting: a service redeployed comes back under its name.
      target.ready = []
      target.local = []
      target.all = []
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
      if (id !== this.options.nodeId && node.setSilent(true)) fresh.push(node)
    }
    for (const node of this.nodes.values()) {
      if (nodes.has(node.id)) continue
      const before = node.isSuspect()
      node.setSilent(false)
      if (before && !node.isSuspect()) this.options.onCleared(node)
    }
    return fresh
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
    entry: { readonly task: string; readonly node: string; readonly address: string; readonly port: number },
    service: ServiceSettings
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
    const endpoint = new Endpoint({ task, node, address, port, local: entry.node === this.options.nodeId, service })
    this.endpoints.set(entry.task, endpoint)
    node.endpoints.add(endpoint)
    return endpoint
  }

  private drop(endpoint: Endpoint): void {
    if (this.endpoints.get(endpoint.task) === endpoint) this.endpoints.delete(endpoint.task)
    endpoint.closeIdle()
    this.options.onGone(endpoint)
    // With open streams it stays known to its node: should the node die, they are dead too.
    if (endpoint.open.size === 0) endpoint.node.endpoints.delete(endpoint)
  }
}

const settingsOf = (service: RoutedService): ServiceSettings => ({
  id: service.id,
  name: service.name,
  scheme: service.scheme,
  retries: service.retries,
  ...service.timeouts
})
