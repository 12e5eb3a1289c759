/**
 * The data plane of a router: listens, sends each request to a task that the routing table names, and survives the failure
 * of tasks and nodes as far as HTTP allows. Plain TypeScript on sockets: no promise, closure or stream per request. Where
 * tasks are, and which nodes are silent, it is told.
 */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import { RequestHead } from "@evenkeel/http1/RequestHead"
import { ResponseHead } from "@evenkeel/http1/ResponseHead"
import * as net from "node:net"
import type { AccessLog } from "../accesslog/AccessLog.ts"
import { RequestObserver, type Tracing } from "../accesslog/RequestObserver.ts"
import { StickyCookies } from "../balancing/Sticky.ts"
import { HealthChecks } from "../health/HealthChecks.ts"
import type { Certificates } from "../tls/Certificates.ts"
import { createTlsServer } from "../tls/TlsListener.ts"
import { UpstreamTls } from "../tls/UpstreamTls.ts"
import { ClientConnection } from "./ClientConnection.ts"
import { leaveGone, suspect, suspectUnheard } from "./Ejection.ts"
import { Fleet } from "./Fleet.ts"
import { HoldBudget } from "./HoldQueue.ts"
import { endStretch, pump } from "./Holding.ts"
import { defaultLimits, type Limits } from "./Limits.ts"
import { Peers } from "./Peers.ts"
import { leavePort, usualBacklog } from "./PortLeaving.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { ProxyEvent } from "./ProxyEvent.ts"
import { type ProxyStats, Totals } from "./ProxyStats.ts"
import { ReadBuffers } from "./ReadBuffers.ts"
import { type EndpointView, type RouteView, viewEndpoint, viewRoute } from "./RouteView.ts"
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
  /** A second port for clients that come over TLS. */
  readonly tls?: { readonly port: number; readonly certificates: Certificates } | null
  /** Where clients find TLS, for redirects. Default 443. */
  readonly httpsPort?: number
  /** PEM of the authorities for tasks that are spoken to over TLS; null: those that Node.js knows. */
  readonly upstreamAuthorities?: string | null
  /** The secret of sticky cookies; null: a random one. */
  readonly stickyKey?: string | null
  readonly accessLog?: AccessLog | null
  readonly tracing?: Tracing | null
  /** Whether other processes may listen on the same ports. Default false. */
  readonly reusePort?: boolean
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
  private readonly tlsServer: net.Server | null
  private readonly health: HealthChecks
  private saidKeyIsRandom = false
  private readonly clients = new Set<ClientConnection>()
  private dateSecond = 0
  private onIdle: (() => void) | null = null
  private closed = false

  /** Throws when `trustedProxies` holds something that is no network. */
  constructor(options: ProxyOptions) {
    this.options = options
    const limits: Limits = { ...defaultLimits, ...options.limits }
    const now = options.now ?? (() => performance.now())
    const emit = options.onEvent ?? (() => undefined)
    const wheel = new TimerWheel(now, limits.tickMs, (at) => this.onTick(at))
    const fleet = new Fleet({
      nodeId: options.nodeId,
      now,
      slowStartMs: limits.slowStartMs,
      onGone: leaveGone,
      onCleared: (node) => emit({ type: "node-cleared", node: node.id })
    })
    const { accessLog: log = null, random = Math.random, tracing = null } = options
    const observer = log === null && tracing === null ? null : new RequestObserver({ log, tracing, random })
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
      buffers: new ReadBuffers(),
      cookies: new StickyCookies(options.stickyKey ?? null),
      upstreamTls: new UpstreamTls(options.upstreamAuthorities ?? null),
      observer,
      httpsPort: options.httpsPort ?? 443,
      pseudonym: options.pseudonym,
      requestHead: new RequestHead(limits.head),
      responseHead: new ResponseHead(limits.head),
      onClientClosed: (connection) => this.onClientClosed(connection),
      closing: false,
      dateLine: ""
    }
    const accept = (socket: net.Socket): void => void this.clients.add(new ClientConnection(this.context, socket))
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, accept)
    const refused = (): void => this.context.totals.reject("tls-handshake")
    this.tlsServer = options.tls ? createTlsServer(options.tls.certificates, accept, refused) : null
    this.health = new HealthChecks(this.context)
    this.refreshDate()
  }

  /** Rejects with the system's error when an address cannot be had; its `port` says which. */
  async listen(): Promise<{ port: number; tlsPort: number | null }> {
    const { host, tls } = this.options
    const port = await this.listenOn(this.server, host, this.options.port)
    const tlsPort = this.tlsServer === null || !tls ? null : await this.listenOn(this.tlsServer, host, tls.port)
    this.context.wheel.start()
    return { port, tlsPort }
  }

  private listenOn(server: net.Server, host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      server.once("error", reject)
      server.listen({ host, port, backlog: usualBacklog, reusePort: this.options.reusePort === true }, () => {
        server.off("error", reject)
        // Running out of descriptors must not end the router; the connections in hand go on.
        server.on("error", () => this.context.totals.reject("accept"))
        const address = server.address()
        resolve(typeof address === "object" && address !== null ? address.port : port)
      })
    })
  }

  /** Takes over a new table. Endpoints are matched by task; streams of those that stay are not touched. */
  setTable(table: RoutingTable): void {
    const { fleet, cookies, emit } = this.context
    fleet.apply(table)
    this.health.follow(fleet.endpoints.values())
    const sticky = [...fleet.targets.values()].find(({ policy }) => policy.kind === "sticky")
    if (sticky !== undefined && cookies.isKeyRandom && !this.saidKeyIsRandom) {
      this.saidKeyIsRandom = true
      emit({ type: "sticky-key-random", target: sticky.name })
    }
    this.pumpAll()
  }

  /** The nodes whose routers miss their heartbeats, as a whole set each time. */
  setSuspectNodes(nodes: ReadonlySet<string>): void {
    for (const node of this.context.fleet.setSilent(nodes)) suspect(this.context, node, "silent")
    this.pumpAll()
  }

  /** Live counters, not a copy. */
  stats(): ProxyStats {
    const { fleet, observer, totals, holdBudget } = this.context
    totals.accessLogDropped = observer?.linesDropped ?? 0
    totals.spansDropped = observer?.spansDropped ?? 0
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
        ejectedForMs: endpoint.isOut() ? Math.max(1, endpoint.backoff.until - now) : 0
      }
    })
    const targets = new Map([...fleet.targets].map(([name, target]) => [name, target.stats]))
    return { totals, targets, endpoints, poolIdle, heldNow: holdBudget.requests, heldBytes: holdBudget.bytes }
  }

  describeRoutes(): ReadonlyArray<RouteView> {
    const now = this.context.now()
    return this.context.fleet.routes.entries.map((entry) => viewRoute(entry, now))
  }

  describeEndpoints(): ReadonlyArray<EndpointView> {
    const now = this.context.now()
    return [...this.context.fleet.endpoints.values()].map((endpoint) => viewEndpoint(endpoint, now))
  }

  /**
   * Stops accepting, ends idle connections, lets requests and streams under way end, and cuts what is left at the deadline.
   * Resolves when no connection is left.
   */
  async close(options: { readonly deadlineMs: number }): Promise<void> {
    const { context } = this
    if (this.closed) return
    this.closed = true
    const isShared = this.options.reusePort === true
    await leavePort(this.server, isShared)
    if (this.tlsServer !== null) await leavePort(this.tlsServer, isShared)
    // Not before: clients told to close would come back by new connections, in the moment in which the port is left.
    context.closing = true
    this.health.stop()
    for (const node of context.fleet.nodes.values()) node.endQuestions()
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
    await context.observer?.end()
  }

  private onClientClosed(connection: ClientConnection): void {
    this.clients.delete(connection)
    if (this.clients.size === 0) this.onIdle?.()
  }

  private onTick(now: number): void {
    this.refreshDate()
    this.context.observer?.tick(now)
    for (const node of this.context.fleet.lapsed(now)) suspect(this.context, node, "silent")
    suspectUnheard(this.context, now)
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
