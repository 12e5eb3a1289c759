/**
 * Durations in fixed memory: buckets whose width grows with the value (64 to each power of two of microseconds, so at most
 * 1.6 % wide), after the idea of HdrHistogram. Exact for count and maximum; quantiles are the upper edge of their bucket.
 */

const subBuckets = 64
const subBits = 6
/** The largest value kept apart, in microseconds: 35 minutes. */
const largest = 2 ** 31 - 1

const bucketOf = (micros: number): number => {
  if (micros < subBuckets) return micros
  const shift = 31 - Math.clz32(micros) - subBits
  return shift * subBuckets + (micros >>> shift)
}

const upperEdge = (bucket: number): number => {
  if (bucket < subBuckets * 2) return bucket
  const shift = Math.floor(bucket / subBuckets) - 1
  return (bucket - shift * subBuckets + 1) * 2 ** shift - 1
}

export class LatencyHistogram {
  private readonly counts = new Uint32Array((32 - subBits) * subBuckets)
  private recorded = 0
  private longest = 0

  /** Adds a duration in milliseconds; negative ones count as zero. */
  record(durationMs: number): void {
    if (durationMs > this.longest) this.longest = durationMs
    const bucket = bucketOf(Math.min(largest, Math.max(0, Math.round(durationMs * 1000))))
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.recorded++
  }

  /** Adds all that `other` recorded. */
  merge(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      this.counts[bucket] = (this.counts[bucket] ?? 0) + (other.counts[bucket] ?? 0)
    }
    this.recorded += other.recorded
    this.longest = Math.max(this.longest, other.longest)
  }

  get count(): number {
    return this.recorded
  }

  /** The longest duration, in milliseconds; 0 where none was recorded. */
  get maxMs(): number {
    return this.longest
  }

  /** The duration, in milliseconds, that the fraction `quantile` (0 to 1) of all does not exceed; nearest rank. */
  quantileMs(quantile: number): number {
    const rank = Math.max(1, Math.ceil(quantile * this.recorded))
    let seen = 0
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      seen += this.counts[bucket] ?? 0
      if (seen >= rank) return Math.min(this.longest, upperEdge(bucket) / 1000)
    }
    return this.longest
  }
}
