/** Cases drawn at random that can be drawn again: seeds, and the numbers that follow from one. */

/** How long tests that draw their cases go on beyond the usual ones, each from a seed of its own. */
export const fuzzMinutes = Number(process.env["EVENKEEL_FUZZ_MINUTES"] ?? 0)

/** The seeds of one run: those that once showed something, then 1 to `usual`; or, for minutes, ones nobody has tried. */
export function* seeds(kept: ReadonlyArray<number>, usual: number): Generator<number> {
  yield* kept
  if (fuzzMinutes === 0) for (let seed = 1; seed <= usual; seed++) yield seed
  const end = performance.now() + fuzzMinutes * 60_000
  for (let seed = (Date.now() % 1e9) | 0; performance.now() < end; seed++) yield seed
}

/** The same seed gives the same numbers, in [0, 1). The generator is mulberry32. */
export const fractionsOf = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The same seed gives the same whole numbers, each below the bound asked for. */
export const randomOf = (seed: number): ((bound: number) => number) => {
  const next = fractionsOf(seed)
  return (bound) => Math.floor(next() * bound)
}
