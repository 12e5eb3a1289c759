/**
 * A data plane of several processes that share the traffic port (SO_REUSEPORT: the kernel spreads connections over them).
 * Tables and silent nodes are told to all, counts are added up, and a worker that ends is replaced: the connections it had
 * are all that is lost. Processes, not threads: what brings one down, a crash of the runtime included, leaves the others up.
 */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { ChildProcess } from "node:child_process"
import { randomBytes } from "node:crypto"
import type { DataPlane } from "../DataPlane.ts"
import type { DataPlaneSettings } from "../DataPlaneSettings.ts"
import type { OverloadLimits } from "../proxy/Limits.ts"
import type { ProxyEvent } from "../proxy/ProxyEvent.ts"
import type { ProxyStats } from "../proxy/ProxyStats.ts"
import { mergeStats } from "./MergedStats.ts"
import { forkSelf, type WorkerEvents, WorkerHandle } from "./WorkerHandle.ts"

export interface WorkerPlaneOptions extends Pick<DataPlaneSettings, "tls" | "stickyKey"> {
  readonly workers: number
  readonly host: string
  readonly port: number
  readonly nodeId: string
  readonly pseudonym: string
  readonly trustedProxies: ReadonlyArray<string>
  readonly limits: OverloadLimits
  readonly onEvent: (event: ProxyEvent) => void
  /** Starts a process that runs `WorkerProgram`. */
  readonly fork?: () => ChildProcess
}

type Ports = { readonly port: number; readonly tlsPort: number | null }

/** A worker that ended young is replaced after 100 ms, 200 ms, … up to this. */
const longestPauseMs = 5_000
const youngMs = 10_000
/** How long a scrape waits for a worker that is busy; then its last report counts. */
const reportPatienceMs = 1_000
const reportEveryMs = 5_000
/** After the deadline of `close`, for a worker to end. */
const closeGraceMs = 2_000

export class WorkerPlane implements DataPlane {
  private readonly options: WorkerPlaneOptions
  private readonly stickyKey: string
  private readonly workers = new Map<number, WorkerHandle>()
  private readonly failuresInARow = new Map<number, number>()
  private readonly ended: Array<ProxyStats> = []
  private readonly timers = new Set<NodeJS.Timeout>()
  private table: RoutingTable | null = null
  private silent: ReadonlySet<string> = new Set()
  private ports: Ports
  private waiting: { readonly resolve: (ports: Ports) => void; readonly reject: (error: Error) => void } | null = null
  private closing = false
  private onAllEnded: (() => void) | null = null
  private saidKeyIsRandom = false

  constructor(options: WorkerPlaneOptions) {
    this.options = options
    // One key for all, or a client would stick to its task only while it talks to the same worker.
    this.stickyKey = options.stickyKey ?? randomBytes(32).toString("hex")
    this.ports = { port: options.port, tlsPort: options.tls?.port ?? null }
  }

  /** The first worker takes the port, which may be any free one; the others join it there. */
  async listen(): Promise<Ports> {
    this.ports = await this.startFirst()
    for (let number = 2; number <= this.options.workers; number++) this.start(number)
    const timer = setInterval(() => {
      for (const worker of this.workers.values()) void worker.refresh(reportPatienceMs)
    }, reportEveryMs)
    this.timers.add(timer)
    process.on("SIGHUP", this.onHangup)
    return this.ports
  }

  /** Workers read their files anew too. */
  private readonly onHangup = (): void => {
    for (const worker of this.workers.values()) if (worker.isListening) worker.kill("SIGHUP")
  }

  private startFirst(): Promise<Ports> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject }
      this.start(1)
    })
  }

  private start(number: number): void {
    const child = (this.options.fork ?? forkSelf)()
    this.workers.set(number, new WorkerHandle(number, performance.now(), child, this.events))
  }

  private readonly events: WorkerEvents = {
    onReady: (worker) => {
      const { host, limits, nodeId, pseudonym, trustedProxies, workers } = this.options
      const { port, tlsPort } = this.ports
      const { stickyKey, table, silent } = this
      const options = { host, port, tlsPort, nodeId, pseudonym, trustedProxies, stickyKey, limits, workers }
      worker.tell({ type: "start", options, table, silent })
    },
    onListening: (_worker, ports) => {
      this.waiting?.resolve(ports)
      this.waiting = null
    },
    onFailed: (worker, error) => {
      this.waiting?.reject(error)
      this.waiting = null
      worker.kill("SIGKILL")
    },
    onEvent: (event) => this.options.onEvent(event),
    onEnded: (worker, how) => this.onEnded(worker, how)
  }

  private onEnded(worker: WorkerHandle, how: string): void {
    this.workers.delete(worker.number)
    if (worker.report !== null) this.ended.push(worker.report.stats)
    // However many workers come and go, what they leave is one sum.
    if (this.ended.length > 1) this.ended.splice(0, this.ended.length, mergeStats([], this.ended))
    this.waiting?.reject(new Error(`the first worker ended (${how})`))
    const wasFirst = this.waiting !== null
    this.waiting = null
    if (this.closing) {
      if (this.workers.size === 0) this.onAllEnded?.()
      return
    }
    if (wasFirst) return
    const young = performance.now() - worker.startedAtMs < youngMs
    const failures = young ? (this.failuresInARow.get(worker.number) ?? 0) + 1 : 1
    this.failuresInARow.set(worker.number, failures)
    const pauseMs = Math.min(longestPauseMs, 100 * 2 ** (failures - 1))
    this.options.onEvent({ type: "worker-ended", worker: worker.number, how, replacedAfterMs: pauseMs })
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.start(worker.number)
    }, pauseMs)
    this.timers.add(timer)
  }

  setTable(table: RoutingTable): void {
    this.table = table
    for (const worker of this.workers.values()) worker.tell({ type: "table", table })
    const sticky = table.services.find(({ loadBalancing }) => loadBalancing === "sticky")
    if (sticky === undefined || this.options.stickyKey !== null || this.saidKeyIsRandom) return
    this.saidKeyIsRandom = true
    this.options.onEvent({ type: "sticky-key-random", target: sticky.name })
  }

  setSuspectNodes(nodes: ReadonlySet<string>): void {
    this.silent = nodes
    for (const worker of this.workers.values()) worker.tell({ type: "silent", silent: nodes })
  }

  private async refresh(): Promise<ReadonlyArray<WorkerHandle>> {
    const workers = [...this.workers.values()]
    await Promise.all(workers.map((worker) => worker.refresh(reportPatienceMs)))
    return workers
  }

  /** All workers' counts together. One that does not answer in time counts as it last did. */
  async stats(): Promise<ProxyStats> {
    const workers = await this.refresh()
    const running = workers.flatMap(({ report }) => (report === null ? [] : [report.stats]))
    return mergeStats(running, this.ended)
  }

  /** Each worker's own view: what one believes of an endpoint need not be what another does. */
  async describeRoutes(): Promise<ReadonlyArray<unknown>> {
    const workers = await this.refresh()
    return workers.map(({ number, report }) => ({ worker: number, routes: report?.routes ?? [] }))
  }

  async describeEndpoints(): Promise<ReadonlyArray<unknown>> {
    const workers = await this.refresh()
    return workers.map(({ number, report }) => ({ worker: number, endpoints: report?.endpoints ?? [] }))
  }

  /** Process ids of the workers. */
  get pids(): ReadonlyArray<number> {
    return [...this.workers.values()].flatMap(({ pid }) => pid ?? [])
  }

  async close({ deadlineMs }: { readonly deadlineMs: number }): Promise<void> {
    this.closing = true
    process.off("SIGHUP", this.onHangup)
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
    if (this.workers.size === 0) return
    const ended = new Promise<void>((resolve) => (this.onAllEnded = resolve))
    for (const worker of this.workers.values()) worker.tell({ type: "close", deadlineMs })
    const timer = setTimeout(() => {
      for (const worker of this.workers.values()) worker.kill("SIGKILL")
    }, deadlineMs + closeGraceMs)
    await ended
    clearTimeout(timer)
  }
}
