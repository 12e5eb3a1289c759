/** Quantiles by the nearest rank: a value that was measured, never one between two. */

/** `share` of (0, 1]: the smallest value that at least this share of all do not exceed. NaN without values. */
export const of = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
