/**
 * A task that answers at an address, with all that this router has learnt of it: requests under way, latency, failures,
 * pooled connections. Kept across table changes as long as task and address stay the same.
 */
import type { HealthCheck } from "@evenkeel/domain/HealthCheck"
import type { HedgeDelay } from "@evenkeel/domain/Hedging"
import { Backoff } from "./Backoff.ts"
import type { NodeHealth } from "./NodeHealth.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

/** What the endpoint's service asks for. Replaced when the table brings another. */
export interface ServiceSettings {
  readonly id: string
  readonly name: string
  readonly scheme: "http" | "https"
  /** For https: the name that the certificate must hold for; null: none is asked for. */
  readonly verifyName: string | null
  readonly retries: number
  readonly connectMillis: number
  readonly firstByteMillis: number
  readonly idleMillis: number
  readonly health: HealthCheck | null
  readonly hedgeAfter: HedgeDelay | null
}

/**
 * Time constant in which a latency is forgotten, so that an endpoint once slow is tried again. Shorter than Finagle's 10 s:
 * with few tasks, one that is shunned after a single slow answer is missed more.
 */
export const decayMs = 5_000
/** Differences below a millisecond are noise. */
const floorMs = 1
/** What is left of a new task's share at first. */
const coldestWarmth = 0.1

export class Endpoint {
  readonly task: string
  readonly node: NodeHealth
  readonly address: string
  readonly port: number
  readonly local: boolean
  /** Of its place in the service, not of its task: a task's successor has the same. */
  readonly seed: number
  service: ServiceSettings
  /** All endpoints of its service, itself among them. */
  siblings: ReadonlyArray<Endpoint> = []
  /** `draining` and `gone` get nothing new; what is under way goes on. */
  state: "ready" | "draining" | "gone" = "ready"
  outstanding = 0
  /** Requests in a row that were sent and not answered. */
  unanswered = 0
  /** Answers in a row with status 502, 503 or 504. */
  gatewayErrors = 0
  /** It is out for gateway errors, not for silence. */
  outByStatus = false
  /** Active checks found it bad. */
  unhealthy = false
  /** It has asked by `Retry-After` for nothing new until then (monotonic ms). */
  pausedUntil = 0
  readonly backoff = new Backoff()
  /** Idle connections, the last used on top. */
  readonly idle: Array<UpstreamConnection> = []
  readonly open = new Set<UpstreamConnection>()
  private latencyMs = floorMs
  private sampledAt = 0
  private coldFrom = 0
  private warmAt = -Infinity

  constructor(of: {
    task: string
    node: NodeHealth
    address: string
    port: number
    local: boolean
    seed: number
    service: ServiceSettings
  }) {
    this.task = of.task
    this.node = of.node
    this.address = of.address
    this.port = of.port
    this.local = of.local
    this.seed = of.seed
    this.service = of.service
  }

  /** Whether a request may go here without need. */
  admits(now: number): boolean {
    return !this.unhealthy && now >= this.pausedUntil && this.admitsInNeed(now)
  }

  /** Whether a request may go here where nobody admits it: only active checks, or its own wish for a pause, speak against it. */
  admitsInNeed(now: number): boolean {
    return this.state === "ready" && this.backoff.admits(now) && this.node.admits(now)
  }

  /** Whether it is kept out by what was seen of it, not of its node. */
  isOut(): boolean {
    return this.unhealthy || this.backoff.isOut()
  }

  /**
   * A moving average that jumps to a slower answer at once and comes down with `decayMs` (Finagle's PeakEwma.scala): the first
   * sign of trouble counts, and praise is earned.
   */
  observe(ms: number, now: number): void {
    const kept = Math.exp((this.sampledAt - now) / decayMs)
    this.latencyMs = Math.max(ms, ms + (this.latencyMs - ms) * kept)
    this.sampledAt = now
  }

  /** Milliseconds to the first byte, as expected now. */
  latency(now: number): number {
    return Math.max(floorMs, this.latencyMs * Math.exp((this.sampledAt - now) / decayMs))
  }

  /** A new task, expected to be as fast as `latencyMs`; its share grows to a full one within `rampMs`. */
  startCold(now: number, rampMs: number, latencyMs: number): void {
    this.coldFrom = now
    this.warmAt = now + rampMs
    this.latencyMs = latencyMs
    this.sampledAt = now
  }

  /** Share of a full share that it is to have now, from 0.1 to 1. */
  warmth(now: number): number {
    if (now >= this.warmAt) return 1
    return Math.max(coldestWarmth, (now - this.coldFrom) / (this.warmAt - this.coldFrom))
  }

  /** What a further request is expected to cost here; the own node's is divided by `spill`. */
  cost(now: number, spill: number): number {
    let cost = (this.outstanding + 1) * this.latency(now)
    if (now < this.warmAt) cost /= this.warmth(now)
    return this.local ? cost / spill : cost
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
