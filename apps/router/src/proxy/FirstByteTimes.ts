/**
 * How long the latest GET and HEAD requests of a target waited for the first byte of their answer: a window of the last 512. Tells
 * the time that 19 of 20 of them needed at most.
 */

const windowSize = 512
/** Of fewer nothing is concluded. */
const leastSamples = 20
const share = 0.95
/** The window is sorted anew after this. */
const refreshMs = 1_000

export class FirstByteTimes {
  private readonly window = new Float64Array(windowSize)
  private count = 0
  private quantileMs = Infinity
  private refreshedAt = -Infinity

  note(ms: number): void {
    this.window[this.count++ % windowSize] = ms
  }

  /** In milliseconds; Infinity while too little is known. At most a second old. */
  p95(now: number): number {
    if (now - this.refreshedAt < refreshMs) return this.quantileMs
    const known = Math.min(this.count, windowSize)
    if (known < leastSamples) return Infinity
    this.refreshedAt = now
    const sorted = this.window.slice(0, known).sort()
    this.quantileMs = sorted[Math.ceil(known * share) - 1] ?? Infinity
    return this.quantileMs
  }
}
