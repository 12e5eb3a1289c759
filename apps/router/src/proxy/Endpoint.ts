/**
 * A task that answers at an address, with all that this router has learnt of it: requests under way, latency, failures,
 * pooled connections. Kept across table changes as long as task and address stay the same.
 */
import { Backoff } from "./Backoff.ts"
import type { NodeHealth } from "./NodeHealth.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

/** What the endpoint's service asks for. Replaced when the table brings another. */
export interface ServiceSettings {
  readonly id: string
  readonly name: string
  readonly scheme: "http" | "https"
  readonly retries: number
  readonly connectMillis: number
  readonly firstByteMillis: number
  readonly idleMillis: number
}

/** Latency is forgotten with this time constant, so that an endpoint once slow is tried again. */
const decayMs = 10_000
const sampleWeight = 0.2
/** Differences below a millisecond are noise. */
const floorMs = 1

export class Endpoint {
  readonly task: string
  readonly node: NodeHealth
  readonly address: string
  readonly port: number
  readonly local: boolean
  service: ServiceSettings
  /** `draining` and `gone` get nothing new; what is under way goes on. */
  state: "ready" | "draining" | "gone" = "ready"
  outstanding = 0
  /** Requests in a row that were sent and not answered. */
  unanswered = 0
  readonly backoff = new Backoff()
  /** Idle connections, the last used on top. */
  readonly idle: Array<UpstreamConnection> = []
  readonly open = new Set<UpstreamConnection>()
  private latencyMs = floorMs
  private sampledAt = 0

  constructor(of: {
    task: string
    node: NodeHealth
    address: string
    port: number
    local: boolean
    service: ServiceSettings
  }) {
    this.task = of.task
    this.node = of.node
    this.address = of.address
    this.port = of.port
    this.local = of.local
    this.service = of.service
  }

  /** Whether a request may go here without need. */
  admits(now: number): boolean {
    return this.state === "ready" && this.backoff.admits(now) && this.node.admits(now)
  }

  /** Moves the expected latency a fifth of the way to `ms`: one slow answer is no reason to stay away. */
  observe(ms: number, now: number): void {
    const current = this.latency(now)
    this.latencyMs = current + (ms - current) * sampleWeight
    this.sampledAt = now
  }

  /** Milliseconds to the first byte, as expected now. */
  latency(now: number): number {
    return Math.max(floorMs, this.latencyMs * Math.exp(-(now - this.sampledAt) / decayMs))
  }

  /** What a further request is expected to cost here; the own node's is counted half. */
  cost(now: number): number {
    const cost = (this.outstanding + 1) * this.latency(now)
    return this.local ? cost / 2 : cost
  }

  /** The most recently used idle connection that was idle for less than `maxIdleMs`, or null. */
  takeIdle(now: number, maxIdleMs: number): UpstreamConnection | null {
    const connection = this.idle.at(-1)
    if (connection === undefined || now - connection.idleSince >= maxIdleMs || now >= connection.idleUntil) return null
    this.idle.pop()
    return connection
  }

  dropIdle(connection: UpstreamConnection): void {
    const at = this.idle.lastIndexOf(connection)
    if (at !== -1) this.idle.splice(at, 1)
  }

  closeIdle(): void {
    for (const connection of this.idle.splice(0)) connection.destroy()
  }
}
