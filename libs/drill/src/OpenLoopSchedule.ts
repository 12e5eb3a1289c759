/**
 * When each request is meant to be sent. Open loop: the times follow from rates alone, never from answers, so a server that
 * stalls cannot slow the load down and hide its stall (coordinated omission). Does not send and reads no clock.
 */

/** One request that is due: the `sequence`-th of the traffic at `traffic`, meant for `intendedAt`. */
export interface Due {
  readonly traffic: number
  readonly sequence: number
  /** Milliseconds, on the caller's clock. */
  readonly intendedAt: number
}

interface Pace {
  readonly periodMs: number
  readonly offsetMs: number
  sequence: number
  nextAt: number
}

/** The golden ratio's fraction spreads the traffics' first requests, so that equal rates do not fire together. */
const spread = 0.6180339887498949

export class OpenLoopSchedule {
  private readonly paces: ReadonlyArray<Pace>

  /** `ratesPerS` of each traffic; a rate of 0 never fires. */
  constructor(ratesPerS: ReadonlyArray<number>, startMs: number) {
    this.paces = ratesPerS.map((rate, index) => {
      const periodMs = rate > 0 ? 1000 / rate : Infinity
      const offsetMs = rate > 0 ? startMs + periodMs * ((index * spread) % 1) : Infinity
      return { periodMs, offsetMs, sequence: 0, nextAt: offsetMs }
    })
  }

  /** When the next request is due; Infinity where there is none. */
  get nextAt(): number {
    let next = Infinity
    for (const pace of this.paces) if (pace.nextAt < next) next = pace.nextAt
    return next
  }

  /** Takes every request due at `nowMs`, overdue ones included, in the order of their times. */
  take(nowMs: number): ReadonlyArray<Due> {
    const due: Array<Due> = []
    this.paces.forEach((pace, traffic) => {
      while (pace.nextAt <= nowMs) {
        due.push({ traffic, sequence: pace.sequence, intendedAt: pace.nextAt })
        pace.sequence++
        // From the start each time: sums of periods would drift.
        pace.nextAt = pace.offsetMs + pace.sequence * pace.periodMs
      }
    })
    return due.length < 2 ? due : due.sort((left, right) => left.intendedAt - right.intendedAt)
  }
}
