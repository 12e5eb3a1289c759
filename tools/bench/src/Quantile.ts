/** Quantiles of what was measured, for small lists. Pure. */

/**
 * By the nearest rank, a value that was measured: the smallest that at least `share` (0 to 1) of all do not exceed. NaN without
 * values.
 */
export const of = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** The middle of the sorted values; the mean of the two middle ones of an even number. NaN without values. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}
