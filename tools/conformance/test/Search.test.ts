import { assert, describe, it } from "@effect/vitest"
import * as Search from "../src/Search.ts"

describe("the search for how chance fell", () => {
  it("keeps what led furthest and draws the rest anew", () => {
    const search = Search.make(1, 5)
    const first = search.next()
    search.failed(first, 4, 2)
    const second = search.next()
    assert.strictEqual(second.swarmSeed, first.swarmSeed)
    assert.deepStrictEqual(second.stepSeeds.slice(0, 3), first.stepSeeds.slice(0, 3))
    assert.notStrictEqual(second.stepSeeds[3], first.stepSeeds[3])
    // Worse: the next one begins from the first again.
    search.failed(second, 2, 9)
    assert.deepStrictEqual(search.next().stepSeeds.slice(0, 3), first.stepSeeds.slice(0, 3))
  })

  it("throws open what was before when it gets no further, and times too", () => {
    const search = Search.make(1, 5)
    const first = search.next()
    search.failed(first, 5, 1)
    for (let i = 0; i < 8; i++) search.failed(search.next(), 5, 1)
    const later = search.next()
    assert.notStrictEqual(later.swarmSeed, first.swarmSeed)
    assert.deepStrictEqual(later.stepSeeds.slice(0, 2), first.stepSeeds.slice(0, 2))
    assert.notStrictEqual(later.stepSeeds[2], first.stepSeeds[2])
  })

  it("finds one of two in each of ten steps within forty attempts, which chance alone would not", () => {
    const found = [1, 2, 3, 4, 5].filter((seed) => {
      const search = Search.make(seed, 10)
      for (let nth = 0; nth < 40; nth++) {
        const attempt = search.next()
        const wrong = attempt.stepSeeds.findIndex((each) => each % 2 !== 0)
        if (wrong < 0) return true
        search.failed(attempt, wrong + 1, 1)
      }
      return false
    })
    assert.lengthOf(found, 5)
  })
})
