/**
 * The way back for something that failed: out for 1 s, 2 s, 4 s … up to a bound, each with jitter; after that one real
 * request tries it while all others still stay away, and its outcome decides. Serves endpoints and nodes.
 */
export class Backoff {
  failures = 0
  /** Out until then (monotonic ms); 0 when in. */
  until = 0
  /** Whether a request is trying it right now. */
  probing = false
  lastProbeAt = -Infinity

  isOut(): boolean {
    return this.until !== 0
  }

  /** Whether a request may go there as things stand: it is in, or due for a probe that nobody makes yet. */
  admits(now: number): boolean {
    return this.until === 0 || (now >= this.until && !this.probing)
  }

  /** Out again, for longer. `random` in [0, 1) spreads the return by a quarter of the time either way. */
  fail(now: number, baseMs: number, maxMs: number, random: number): void {
    const delay = Math.min(maxMs, baseMs * 2 ** Math.min(this.failures, 16))
    this.failures++
    this.until = now + delay * (0.75 + random * 0.5)
    this.probing = false
  }

  beginProbe(now: number): void {
    this.probing = true
    this.lastProbeAt = now
  }

  /** The probe ended without a verdict, such as when its client went away. */
  abandonProbe(): void {
    this.probing = false
  }

  /** In again. Returns whether it had been out. */
  succeed(): boolean {
    const was = this.until !== 0
    this.failures = 0
    this.until = 0
    this.probing = false
    return was
  }
}
