/** What the requests of a drill came to, phase by phase. Counts; sends nothing and reads no clock. */
import { LatencyHistogram } from "@evenkeel/drill/LatencyHistogram"

export interface PhaseResult {
  readonly name: string
  readonly seconds: number
  readonly sent: number
  readonly failed: number
  /** From the time a request was meant to be sent to the end of its answer; of those that did not fail. Milliseconds. */
  readonly p50Millis: number
  readonly p99Millis: number
  readonly longestMillis: number
}

export interface FailedProbe {
  readonly phase: string
  readonly url: string
  /** A clause. */
  readonly why: string
  /** RFC 3339, when it was meant to be sent. */
  readonly at: string
}

/** So many failures are kept one by one. */
const failuresKept = 100

/** A request belongs to the phase in which it was sent, however late it ends. */
interface Phase {
  readonly name: string
  readonly beganAtMillis: number
  endedAtMillis: number | null
  sent: number
  failed: number
  readonly latency: LatencyHistogram
}

const opened = (name: string, atMillis: number): Phase => ({
  ...{ name, beganAtMillis: atMillis, endedAtMillis: null, sent: 0, failed: 0, latency: new LatencyHistogram() }
})

export class ProbeTally {
  readonly #phases: Array<Phase> = []
  readonly #failures: Array<FailedProbe> = []
  #phase: Phase

  constructor(firstPhase: string, atMillis: number) {
    this.#phase = opened(firstPhase, atMillis)
    this.#phases.push(this.#phase)
  }

  begin(name: string, atMillis: number): void {
    this.#phase.endedAtMillis = atMillis
    this.#phase = opened(name, atMillis)
    this.#phases.push(this.#phase)
  }

  /** Counts a request as sent; what it returns is to be called with its end: null for a good one, else why it failed. */
  sent(url: string, intendedAtMillis: number): (atMillis: number, wrong: string | null) => void {
    const phase = this.#phase
    phase.sent++
    return (atMillis, wrong) => {
      if (wrong === null) phase.latency.record(atMillis - intendedAtMillis)
      else {
        phase.failed++
        if (this.#failures.length < failuresKept)
          this.#failures.push({ phase: phase.name, url, why: wrong, at: new Date(intendedAtMillis).toISOString() })
      }
    }
  }

  get failed(): number {
    return this.#phases.reduce((sum, { failed }) => sum + failed, 0)
  }

  /** The first hundred. */
  get failures(): ReadonlyArray<FailedProbe> {
    return [...this.#failures]
  }

  results(nowMillis: number): ReadonlyArray<PhaseResult> {
    return this.#phases.map(({ beganAtMillis, endedAtMillis, failed, latency, name, sent }) => ({
      name,
      seconds: ((endedAtMillis ?? nowMillis) - beganAtMillis) / 1_000,
      sent,
      failed,
      p50Millis: latency.quantileMs(0.5),
      p99Millis: latency.quantileMs(0.99),
      longestMillis: latency.maxMs
    }))
  }
}
