/**
 * The data plane of a router: listens, sends each request to a task that the routing table names, and survives the failure
 * of tasks and nodes as far as HTTP allows. Plain TypeScript on sockets: no promise, closure or stream per request. Where
 * tasks are, and which nodes are silent, it is told.
 */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import { RequestHead } from "@evenkeel/http1/RequestHead"
import { ResponseHead } from "@evenkeel/http1/ResponseHead"
import * as net from "node:net"
import { ClientConnection } from "./ClientConnection.ts"
import { leaveGone, suspect } from "./Ejection.ts"
import { Fleet } from "./Fleet.ts"
import { HoldBudget } from "./HoldQueue.ts"
import { endStretch, pump } from "./Holding.ts"
import { defaultLimits, type Limits } from "./Limits.ts"
import { Peers } from "./Peers.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { ProxyEvent } from "./ProxyEvent.ts"
import { type ProxyStats, Totals } from "./ProxyStats.ts"
import { type RouteView, viewRoute } from "./RouteView.ts"
import { TimerWheel } from "./TimerWheel.ts"

export interface ProxyOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The node this router runs on: its endpoints are preferred, and it is never taken for silent. */
  readonly nodeId: string
  /** A token, this router's own: `Via` carries it, and a request that carries it already has gone in a circle. */
  readonly pseudonym: string
  /** Networks whose `X-Forwarded-*` are kept; from anyone else they are dropped. */
  readonly trustedProxies: ReadonlyArray<string>
  readonly limits?: Partial<Limits>
  /** In [0, 1). */
  readonly random?: () => number
  /** Monotonic milliseconds. */
  readonly now?: () => number
  readonly onEvent?: (event: ProxyEvent) => void
}

export class Proxy {
  private readonly options: ProxyOptions
  private readonly context: ProxyContext
  private readonly server: net.Server
  private readonly clients = new Set<ClientConnection>()
  private dateSecond = 0
  private onIdle: (() => void) | null = null

  /** Throws when `trustedProxies` holds something that is no network. */
  constructor(options: ProxyOptions) {
    this.options = options
    const limits: Limits = { ...defaultLimits, ...options.limits }
    const now = options.now ?? (() => performance.now())
    const emit = options.onEvent ?? (() => undefined)
    const wheel = new TimerWheel(now, limits.tickMs, () => this.onTick())
    const fleet = new Fleet({
      nodeId: options.nodeId,
      onGone: leaveGone,
      onCleared: (node) => emit({ type: "node-cleared", node: node.id })
    })
    this.context = {
      limits,
      now,
      random: options.random ?? Math.random,
      emit,
      wheel,
      totals: new Totals(),
      holdBudget: new HoldBudget(limits.heldRequests, limits.heldBytes),
      fleet,
      peers: new Peers(options.trustedProxies),
      pseudonym: options.pseudonym,
      requestHead: new RequestHead(limits.head),
      responseHead: new ResponseHead(limits.head),
      onClientClosed: (connection) => this.onClientClosed(connection),
      closing: false,
      dateLine: ""
    }
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.clients.add(new ClientConnection(this.context, socket))
    })
    this.refreshDate()
  }

  /** Rejects with the system's error when the address cannot be had. */
  listen(): Promise<{ port: number }> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject)
      this.server.listen({ host: this.options.host, port: this.options.port, backlog: 1_024 }, () => {
        this.server.off("error", reject)
        // Running out of descriptors must not end the router; the connections in hand go on.
        this.server.on("error", () => this.context.totals.reject("accept"))
        this.context.wheel.start()
        const address = this.server.address()
        resolve({ port: typeof address === "object" && address !== null ? address.port : this.options.port })
      })
    })
  }

  /** Takes over a new table. Endpoints are matched by task; streams of those that stay are not touched. */
  setTable(table: RoutingTable): void {
    this.context.fleet.apply(table)
    this.pumpAll()
  }

  /** The nodes whose routers miss their heartbeats, as a whole set each time. */
  setSuspectNodes(nodes: ReadonlySet<string>): void {
    for (const node of this.context.fleet.setSilent(nodes)) suspect(this.context, node, "silent")
    this.pumpAll()
  }

  /** Live counters, not a copy. */
  stats(): ProxyStats {
    const { fleet, totals, holdBudget } = this.context
    const now = this.context.now()
    let poolIdle = 0
    const endpoints = [...fleet.endpoints.values()].map((endpoint) => {
      poolIdle += endpoint.idle.length
      return {
        task: endpoint.task,
        node: endpoint.node.id,
        service: endpoint.service.name,
        address: `${endpoint.address}:${endpoint.port}`,
        outstanding: endpoint.outstanding,
        latencyMs: endpoint.latency(now),
        idleConnections: endpoint.idle.length,
        ejectedForMs: endpoint.backoff.isOut() ? Math.max(1, endpoint.backoff.until - now) : 0
      }
    })
    const targets = new Map([...fleet.targets].map(([name, target]) => [name, target.stats]))
    return { totals, targets, endpoints, poolIdle, heldNow: holdBudget.requests, heldBytes: holdBudget.bytes }
  }

  describeRoutes(): ReadonlyArray<RouteView> {
    const now = this.context.now()
    return this.context.fleet.routes.entries.map((entry) => viewRoute(entry, now))
  }

  /**
   * Stops accepting, ends idle connections, lets requests and streams under way end, and cuts what is left at the deadline.
   * Resolves when no connection is left.
   */
  async close(options: { readonly deadlineMs: number }): Promise<void> {
    const { context } = this
    if (context.closing) return
    context.closing = true
    this.server.close()
    for (const endpoint of context.fleet.endpoints.values()) endpoint.closeIdle()
    for (const client of this.clients) client.shutDown()
    if (this.clients.size > 0) {
      const timer = setTimeout(() => {
        for (const client of this.clients) client.destroy()
      }, options.deadlineMs)
      await new Promise<void>((resolve) => (this.onIdle = resolve))
      clearTimeout(timer)
    }
    context.wheel.stop()
  }

  private onClientClosed(connection: ClientConnection): void {
    this.clients.delete(connection)
    if (this.clients.size === 0) this.onIdle?.()
  }

  private onTick(): void {
    this.refreshDate()
    this.pumpAll()
  }

  private pumpAll(): void {
    const { fleet } = this.context
    for (const target of fleet.targets.values()) {
      if (target.queue.length > 0) pump(this.context, target)
      else endStretch(this.context, target)
    }
  }

  private refreshDate(): void {
    const second = Math.floor(Date.now() / 1_000)
    if (second === this.dateSecond) return
    this.dateSecond = second
    this.context.dateLine = `Date: ${new Date(second * 1_000).toUTCString()}\r\n`
  }
}
