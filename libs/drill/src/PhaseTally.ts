/** Counts of one phase in fixed memory: by kind and by service. Fed by the engine; reads no clock. */
import { LatencyHistogram } from "./LatencyHistogram.ts"
import { requestKinds, type RequestKind, type StreamKind, streamKinds } from "./LoadPlan.ts"
import type { KindReport, LagReport, PhaseReport, ServiceReport } from "./LoadReport.ts"
import { type Fate, type Outcome, outcomes } from "./Outcome.ts"
import { StreamTally } from "./StreamTally.ts"

const tenth = (ms: number): number => Math.round(ms * 10) / 10
const hundredth = (ms: number): number => Math.round(ms * 100) / 100

/** One kind's counts; several are added up by `merge`. */
export class KindTally {
  sent = 0
  notSent = 0
  retried = 0
  held = 0
  readonly fates: Record<Fate, number> = { ok: 0, lost: 0, "failed-apart": 0, "on-dead-node": 0 }
  readonly outcomes = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  readonly latency = new LatencyHistogram()

  merge(other: KindTally): void {
    this.sent += other.sent
    this.notSent += other.notSent
    this.retried += other.retried
    this.held += other.held
    for (const fate of Object.keys(this.fates) as Array<Fate>) this.fates[fate] += other.fates[fate]
    for (const outcome of outcomes) this.outcomes[outcome] += other.outcomes[outcome]
    this.latency.merge(other.latency)
  }

  report(): KindReport {
    const { fates, held, latency, notSent, retried, sent } = this
    return {
      sent,
      underWay: sent - fates.ok - fates.lost - fates["failed-apart"] - fates["on-dead-node"],
      ok: fates.ok,
      lost: fates.lost,
      failedApart: fates["failed-apart"],
      onDeadNode: fates["on-dead-node"],
      notSent,
      retried,
      held,
      outcomes: { ...this.outcomes },
      p50Ms: hundredth(latency.quantileMs(0.5)),
      p99Ms: hundredth(latency.quantileMs(0.99)),
      longestMs: hundredth(latency.maxMs)
    }
  }
}

interface ServiceTally {
  sent: number
  ok: number
  lost: number
  held: number
  longestWaitMs: number
  longestHeldMs: number
}

/** A request that ended. */
export interface EndedRequest {
  readonly kind: RequestKind
  readonly service: string
  readonly fate: Fate
  readonly outcome: Outcome
  /** From the intended send to the end. */
  readonly latencyMs: number
  /** From the intended send to the first byte, or to the end where none came. */
  readonly waitMs: number
  readonly heldMs: number
  readonly tries: number
}

export class PhaseTally {
  readonly name: string
  readonly startedAtMs: number
  readonly streams: Readonly<Record<StreamKind, StreamTally>>
  readonly lag = new LatencyHistogram()
  readonly #kinds = new Map<RequestKind, KindTally>()
  readonly #services = new Map<string, ServiceTally>()
  #endedAtMs: number | undefined

  /** `openStreams`: the streams open as it begins, by kind and node. */
  constructor(
    name: string,
    startedAtMs: number,
    openStreams: Readonly<Record<StreamKind, Readonly<Record<string, number>>>>
  ) {
    this.name = name
    this.startedAtMs = startedAtMs
    this.streams = { sse: new StreamTally(openStreams.sse), websocket: new StreamTally(openStreams.websocket) }
  }

  sent(kind: RequestKind, service: string, lagMs: number): void {
    this.#kind(kind).sent++
    this.#service(service).sent++
    this.lag.record(lagMs)
  }

  notSent(kind: RequestKind): void {
    this.#kind(kind).notSent++
  }

  ended(request: EndedRequest): void {
    const kind = this.#kind(request.kind)
    const service = this.#service(request.service)
    kind.fates[request.fate]++
    kind.outcomes[request.outcome]++
    if (request.tries > 1) kind.retried++
    if (request.heldMs > 0) {
      kind.held++
      service.held++
      service.longestHeldMs = Math.max(service.longestHeldMs, request.heldMs)
    }
    if (request.fate === "on-dead-node") return
    if (request.fate === "ok") service.ok++
    if (request.fate === "lost") service.lost++
    kind.latency.record(request.latencyMs)
    service.longestWaitMs = Math.max(service.longestWaitMs, request.waitMs)
  }

  end(nowMs: number): void {
    this.#endedAtMs ??= nowMs
  }

  /** All kinds added up. */
  total(): KindTally {
    const total = new KindTally()
    for (const kind of this.#kinds.values()) total.merge(kind)
    return total
  }

  /** `epochMs` turns the engine's clock into instants; `away` is for how long streams that are gone now have been gone. */
  report(nowMs: number, epochMs: number, away: Readonly<Record<StreamKind, ReadonlyArray<number>>>): PhaseReport {
    const kinds: Partial<Record<RequestKind, KindReport>> = {}
    for (const kind of requestKinds) {
      const tally = this.#kinds.get(kind)
      if (tally !== undefined) kinds[kind] = tally.report()
    }
    const services = [...this.#services].sort(([left], [right]) => left.localeCompare(right, "en", { numeric: true }))
    return {
      name: this.name,
      startedAt: Math.round(epochMs + this.startedAtMs),
      durationMs: Math.round((this.#endedAtMs ?? nowMs) - this.startedAtMs),
      total: this.total().report(),
      kinds,
      services: Object.fromEntries(services.map(([name, tally]) => [name, serviceReport(tally)])),
      streams: Object.fromEntries(streamKinds.map((kind) => [kind, this.streams[kind].report(away[kind])])),
      schedulerLag: lagReport(this.lag)
    }
  }

  #kind(kind: RequestKind): KindTally {
    const known = this.#kinds.get(kind)
    if (known !== undefined) return known
    const fresh = new KindTally()
    this.#kinds.set(kind, fresh)
    return fresh
  }

  #service(name: string): ServiceTally {
    const known = this.#services.get(name)
    if (known !== undefined) return known
    const fresh = { sent: 0, ok: 0, lost: 0, held: 0, longestWaitMs: 0, longestHeldMs: 0 }
    this.#services.set(name, fresh)
    return fresh
  }
}

const serviceReport = (tally: ServiceTally): ServiceReport => ({
  ...tally,
  longestWaitMs: tenth(tally.longestWaitMs),
  longestHeldMs: tenth(tally.longestHeldMs)
})

export const lagReport = (lag: LatencyHistogram): LagReport => ({
  p99Ms: hundredth(lag.quantileMs(0.99)),
  maxMs: hundredth(lag.maxMs)
})
