/**
 * Makes the load of a plan and measures it: sends each request at its intended time, whatever became of the ones before, keeps
 * the streams open, and tallies by phase. Lives in one thread; `LoadGenerator` gives it one of its own, so that nothing else
 * delays it. How late it was itself is part of its report.
 */
import { LatencyHistogram } from "./LatencyHistogram.ts"
import type { LoadPlan, RequestTraffic, StreamKind } from "./LoadPlan.ts"
import { type Failure, failuresKeptOfEachFate, type LoadReport } from "./LoadReport.ts"
import { OpenLoopSchedule } from "./OpenLoopSchedule.ts"
import { fateOf } from "./Outcome.ts"
import { payloadOf } from "./Payload.ts"
import { KindTally, lagReport, PhaseTally } from "./PhaseTally.ts"
import { sendRequest } from "./RequestRun.ts"
import { StreamKeeper } from "./StreamKeeper.ts"
import { TargetPool } from "./TargetPool.ts"

export interface LoadOptions {
  readonly plan: LoadPlan
  /** Base URLs of the routers, e.g. `http://10.77.0.11:8080`. */
  readonly targets: ReadonlyArray<string>
  /** Name of the phase that begins with the load. Default `warm-up`. */
  readonly firstPhase?: string
}

const now = (): number => performance.now()

export class LoadEngine {
  readonly #plan: LoadPlan
  readonly #pool: TargetPool
  readonly #schedule: OpenLoopSchedule
  readonly #keepers: ReadonlyArray<StreamKeeper>
  readonly #startedAtMs = now()
  readonly #phases: Array<PhaseTally> = []
  readonly #failures: Array<Failure> = []
  #phase: PhaseTally
  readonly #keptByFate = new Map<Failure["fate"], number>()
  #failed = 0
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined
  #stopping: { readonly resolve: () => void } | undefined
  #stopped: Promise<LoadReport> | undefined

  /** Starts at once. */
  constructor({ firstPhase, plan, targets }: LoadOptions) {
    this.#plan = plan
    this.#pool = new TargetPool(targets, plan.idleConnectionMs)
    this.#schedule = new OpenLoopSchedule(
      plan.requests.map(({ ratePerS }) => ratePerS),
      this.#startedAtMs
    )
    this.#phase = new PhaseTally(firstPhase ?? "warm-up", this.#startedAtMs, { sse: {}, websocket: {} })
    this.#phases.push(this.#phase)
    this.#keepers = plan.streams.flatMap((traffic) =>
      Array.from(
        { length: traffic.open },
        () =>
          new StreamKeeper({
            traffic,
            pool: this.#pool,
            silenceMs: plan.streamSilenceMs,
            now,
            tally: () => this.#phase.streams[traffic.kind],
            failed: ({ detail, how, node, target, targetDied }) =>
              this.#keepFailure({
                at: this.#instant(now()),
                phase: this.#phase.name,
                kind: traffic.kind,
                target,
                service: traffic.host,
                method: "GET",
                path: traffic.kind === "sse" ? "/sse" : "/ws",
                bodyBytes: 0,
                fate: targetDied ? "on-dead-node" : "stream",
                outcome: how,
                detail,
                afterMs: 0,
                tries: 1,
                ...(node === "" ? {} : { node })
              })
          })
      )
    )
    this.#tick()
    for (const keeper of this.#keepers) keeper.open()
  }

  /** From now on requests belong to the phase `name`. */
  beginPhase(name: string): void {
    const at = now()
    this.#phase.end(at)
    const open = { sse: {}, websocket: {} } as Record<StreamKind, Record<string, number>>
    for (const { node, traffic } of this.#keepers) {
      if (node !== undefined) open[traffic.kind][node] = (open[traffic.kind][node] ?? 0) + 1
    }
    this.#phase = new PhaseTally(name, at, open)
    this.#phases.push(this.#phase)
  }

  /**
   * New load goes to `active`. What is under way to a target in `dead`, and fails, is counted apart; its connections are cut
   * after the plan's grace, so that nothing hangs on them.
   */
  setTargets(active: ReadonlyArray<string>, dead: ReadonlyArray<string>): void {
    for (const target of this.#pool.set(active, dead, now())) {
      setTimeout(() => target.isDead && target.cut(), this.#plan.deadTargetGraceMs).unref()
    }
  }

  /** What was measured so far. */
  report(): LoadReport {
    const at = now()
    const awayOf = (kind: StreamKind): ReadonlyArray<number> =>
      this.#keepers.flatMap(({ awaySince, traffic }) =>
        traffic.kind === kind && awaySince !== undefined ? [at - awaySince] : []
      )
    const away = { sse: awayOf("sse"), websocket: awayOf("websocket") }
    const noneAway = { sse: [], websocket: [] }
    const total = new KindTally()
    const lag = new LatencyHistogram()
    for (const phase of this.#phases) {
      total.merge(phase.total())
      lag.merge(phase.lag)
    }
    return {
      startedAt: this.#instant(this.#startedAtMs),
      durationMs: Math.round(at - this.#startedAtMs),
      phases: this.#phases.map((phase) =>
        phase.report(at, performance.timeOrigin, phase === this.#phase ? away : noneAway)
      ),
      total: total.report(),
      schedulerLag: lagReport(lag),
      failures: [...this.#failures],
      failuresLeftOut: this.#failed - this.#failures.length
    }
  }

  /** Sends no more, waits for what is under way (each request has its time-out), ends the streams, and reports. */
  stop(): Promise<LoadReport> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<LoadReport> {
    clearTimeout(this.#timer)
    this.#phase.end(now())
    await new Promise<void>((resolve) => {
      this.#stopping = { resolve }
      if (this.#inFlight === 0) resolve()
    })
    const report = this.report()
    for (const keeper of this.#keepers) keeper.stop()
    for (const target of this.#pool.all) target.cut()
    return report
  }

  #tick(): void {
    for (const { intendedAt, sequence, traffic } of this.#schedule.take(now())) {
      const wanted = this.#plan.requests[traffic]
      if (wanted !== undefined) this.#send(wanted, sequence, intendedAt)
    }
    const { nextAt } = this.#schedule
    if (nextAt !== Infinity) this.#timer = setTimeout(() => this.#tick(), Math.max(0, nextAt - now()))
  }

  #send(traffic: RequestTraffic, sequence: number, intendedAt: number): void {
    const phase = this.#phase
    const target = this.#pool.next()
    if (target === undefined || this.#inFlight >= this.#plan.inFlightLimit) {
      phase.notSent(traffic.kind)
      return
    }
    const payload = payloadOf(traffic, sequence)
    const { method, path, service } = payload
    const bodyBytes = payload.body?.length ?? 0
    const { timeoutMs } = this.#plan
    this.#inFlight++
    phase.sent(traffic.kind, service, now() - intendedAt)
    sendRequest({ payload, host: traffic.host, target, timeoutMs, now }, (result) => {
      const { detail, endAt, firstByteAt, heldMs, node, outcome, reason, status, tries } = result
      const fate = fateOf({
        method,
        bodyBytes,
        outcome,
        answered: firstByteAt !== undefined,
        targetDied: target.wasDeadDuring(intendedAt, endAt)
      })
      const latencyMs = endAt - intendedAt
      const waitMs = (firstByteAt ?? endAt) - intendedAt
      phase.ended({ kind: traffic.kind, service, fate, outcome, latencyMs, waitMs, heldMs, tries })
      if (fate !== "ok") {
        this.#keepFailure({
          at: this.#instant(endAt),
          phase: phase.name,
          kind: traffic.kind,
          target: target.url,
          service,
          method,
          path,
          bodyBytes,
          fate,
          outcome,
          ...(status === undefined ? {} : { status }),
          ...(reason === undefined ? {} : { reason }),
          detail: detail ?? "",
          afterMs: Math.round(latencyMs),
          tries,
          ...(node === undefined ? {} : { node })
        })
      }
      this.#inFlight--
      if (this.#inFlight === 0) this.#stopping?.resolve()
    })
  }

  #keepFailure(failure: Failure): void {
    this.#failed++
    const kept = this.#keptByFate.get(failure.fate) ?? 0
    if (kept >= failuresKeptOfEachFate) return
    this.#keptByFate.set(failure.fate, kept + 1)
    this.#failures.push(failure)
  }

  #instant(atMs: number): number {
    return Math.round(performance.timeOrigin + atMs)
  }
}
