/**
 * A token bucket whose state is the list of what was taken from it: nothing has to be stored but the moves themselves, and
 * every instance that knows them computes the same. Full at first; fills evenly.
 */

export interface Bucket {
  /** Tokens in a full bucket. */
  readonly capacity: number
  /** In how many milliseconds an empty one is full again. */
  readonly fillMillis: number
}

/** Below a millionth, of a token or of a millisecond, lies what floating point loses. */
const tolerance = 1e-6

/** Null when a token is there at `nowMillis`; else when the next one will be. `takenMillis` in any order. */
export const nextTokenMillis = (
  { capacity, fillMillis }: Bucket,
  takenMillis: ReadonlyArray<number>,
  nowMillis: number
): number | null => {
  const perMilli = capacity / fillMillis
  let tokens = capacity
  let atMillis = -Infinity
  const advance = (toMillis: number) => {
    if (atMillis !== -Infinity) tokens = Math.min(capacity, tokens + Math.max(0, toMillis - atMillis) * perMilli)
    atMillis = toMillis
  }
  for (const taken of takenMillis.toSorted((a, b) => a - b)) {
    // A clock that ran ahead must not hold moves back for longer than one that did not.
    advance(Math.min(taken, nowMillis))
    tokens = Math.max(0, tokens - 1)
  }
  advance(nowMillis)
  return tokens >= 1 - tolerance ? null : nowMillis + Math.ceil((1 - tokens) / perMilli - tolerance)
}
