import { describe, expect, it } from "vitest"
import * as TokenBucket from "../../src/brakes/TokenBucket.ts"

const bucket = { capacity: 3, fillMillis: 3_000 }

/** Takes a token whenever there is one, `wanted` times; gives the times. */
const greedy = (wanted: number, stepMillis = 100): ReadonlyArray<number> => {
  const taken: Array<number> = []
  for (let now = 0; taken.length < wanted; now += stepMillis)
    while (taken.length < wanted && TokenBucket.nextTokenMillis(bucket, taken, now) === null) taken.push(now)
  return taken
}

describe("a token bucket", () => {
  it("gives what is in it at once, and then one a second", () => {
    expect(greedy(6)).toEqual([0, 0, 0, 1_000, 2_000, 3_000])
  })
  it("is full again after its time", () => {
    expect(TokenBucket.nextTokenMillis(bucket, [0, 0, 0], 3_000)).toBeNull()
    const taken = [0, 0, 0, 3_000, 3_000]
    expect(TokenBucket.nextTokenMillis(bucket, taken, 3_000)).toBeNull()
    expect(TokenBucket.nextTokenMillis(bucket, [...taken, 3_000], 3_000)).toBe(4_000)
  })
  it("never gives more than its capacity and what has flown in", () => {
    const taken = greedy(60, 37)
    for (const [at, from] of taken.entries())
      for (const [offset, to] of taken.slice(at).entries())
        expect(offset + 1).toBeLessThanOrEqual(
          bucket.capacity + ((to - from) * bucket.capacity) / bucket.fillMillis + 1e-6
        )
  })
  it("says when the next one is, to the millisecond", () => {
    for (let now = 0; now < 1_000; now += 7) {
      const next = TokenBucket.nextTokenMillis(bucket, [0, 0, 0], now)
      expect(next).toBe(1_000)
      expect(TokenBucket.nextTokenMillis(bucket, [0, 0, 0], 1_000)).toBeNull()
    }
  })
  it("does not mind the order, or a clock that ran ahead", () => {
    expect(TokenBucket.nextTokenMillis(bucket, [500, 0, 250], 600)).toBe(
      TokenBucket.nextTokenMillis(bucket, [0, 250, 500], 600)
    )
    expect(TokenBucket.nextTokenMillis(bucket, [0, 0, 99_999_999], 10)).toBe(1_000)
  })
})
