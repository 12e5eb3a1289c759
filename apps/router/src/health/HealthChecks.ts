/**
 * Active checks of the tasks whose service asks for them by `evenkeel.health`: when each is due, and what follows from the
 * answers. A task is good until `fall` bad answers in a row; it is good again after `rise` good ones, which also end an ejection.
 * Where half of a service's tasks are out already, bad answers put out no more. Each router, and each of its processes, checks
 * for itself; the first check comes at a random moment of the interval and each next one up to a tenth early or late, so that
 * they do not come together.
 */
import type { HealthCheck } from "@evenkeel/domain/HealthCheck"
import { mayBeOut, readmit } from "../proxy/Ejection.ts"
import type { Endpoint } from "../proxy/Endpoint.ts"
import type { ProxyContext } from "../proxy/ProxyContext.ts"
import type { TimedEntry } from "../proxy/TimerWheel.ts"
import { HealthProbe, type ProbeResult } from "./HealthProbe.ts"

const jitter = 0.1

export class HealthChecks {
  private readonly context: ProxyContext
  private readonly checks = new Map<Endpoint, Check>()

  constructor(context: ProxyContext) {
    this.context = context
  }

  /** Checks exactly those of `endpoints` that are ready and ask for it. */
  follow(endpoints: Iterable<Endpoint>): void {
    const wanted = new Set<Endpoint>()
    for (const endpoint of endpoints) {
      if (endpoint.service.health === null || endpoint.state !== "ready") continue
      wanted.add(endpoint)
      if (!this.checks.has(endpoint)) this.checks.set(endpoint, new Check(this.context, endpoint))
    }
    for (const [endpoint, check] of this.checks) {
      if (wanted.has(endpoint)) continue
      check.stop()
      this.checks.delete(endpoint)
    }
  }

  stop(): void {
    for (const check of this.checks.values()) check.stop()
    this.checks.clear()
  }
}

/** The checks of one endpoint. */
class Check implements TimedEntry {
  deadline = Infinity
  wheelTick = -1
  private readonly context: ProxyContext
  private readonly endpoint: Endpoint
  private probe: HealthProbe | null = null
  private good = 0
  private bad = 0

  constructor(context: ProxyContext, endpoint: Endpoint) {
    this.context = context
    this.endpoint = endpoint
    context.wheel.refresh()
    context.wheel.schedule(this, (endpoint.service.health?.everyMillis ?? 0) * context.random())
  }

  stop(): void {
    this.context.wheel.cancel(this)
    this.probe?.abandon()
    this.probe = null
    this.endpoint.unhealthy = false
  }

  /** A check is due, or the one under way has taken too long. */
  onDeadline(): void {
    const { context, endpoint, probe } = this
    const { health } = endpoint.service
    if (health === null) return
    if (probe !== null) {
      probe.abandon()
      return this.take({ good: false, cause: "timeout" }, health)
    }
    context.wheel.schedule(this, health.timeoutMillis)
    this.probe = new HealthProbe(endpoint, health, context.upstreamTls, (result) => this.take(result, health))
  }

  private take(result: ProbeResult, health: HealthCheck): void {
    const { context } = this
    this.probe = null
    context.wheel.schedule(this, health.everyMillis * (1 - jitter + 2 * jitter * context.random()))
    if (result.good) this.passed(result.cause, health)
    else this.failed(result.cause, health)
  }

  private passed(cause: string, { rise }: HealthCheck): void {
    const { context, endpoint } = this
    this.bad = 0
    this.good++
    if (endpoint.node.answered(context.now())) context.emit({ type: "node-cleared", node: endpoint.node.id })
    if (this.good < rise || !endpoint.isOut()) return
    if (endpoint.unhealthy) this.tell("health-check-passed", cause, false)
    endpoint.unhealthy = false
    if (endpoint.backoff.isOut()) readmit(context, endpoint)
  }

  private failed(cause: string, { fall }: HealthCheck): void {
    const { endpoint } = this
    this.good = 0
    this.bad++
    if (this.bad < fall || endpoint.unhealthy) return
    // Asked again with every bad answer: others may have come back meanwhile.
    const out = mayBeOut(endpoint)
    if (out || this.bad === fall) this.tell("health-check-failed", cause, out)
    if (!out) return
    endpoint.unhealthy = true
    this.context.totals.eject("health-check")
    endpoint.closeIdle()
  }

  private tell(type: "health-check-failed" | "health-check-passed", cause: string, out: boolean): void {
    const { task, service, node } = this.endpoint
    this.context.emit({ type, service: service.name, task, node: node.id, cause, out })
  }
}
