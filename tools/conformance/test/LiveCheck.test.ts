import { assert, describe, it } from "@effect/vitest"
import { sizes } from "../src/LabPool.ts"
import { schedule } from "../src/LiveCheck.ts"
import type { Scenario } from "../src/Scenario.ts"

const scenario = (name: string, managers?: number): Scenario => ({
  ...{ name, about: "", steps: [] },
  ...(managers === undefined ? {} : { managers })
})
const minute = 60_000

describe("the order of scenarios on the lab", () => {
  it("is the fixed ones, each on a Swarm of its size, then random ones", () => {
    const fixed = [scenario("a"), scenario("b", 3), scenario("c")]
    const { next } = schedule({ minutes: 10, random: 2, seed: 7 }, fixed, 0)
    assert.strictEqual(next(3, 0)?.name, "b")
    assert.isNull(next(3, 0))
    assert.deepStrictEqual(
      [1, 2, 3, 4, 5].map(() => next(1, 0)?.name),
      ["a", "c", "random-7", "random-8", undefined]
    )
  })

  it("ends with the random ones that fit the time, by the longest so far, and has one at least", () => {
    const { next, took } = schedule({ minutes: 10, random: 100, seed: 1 }, [scenario("a")], 0)
    assert.strictEqual(next(1, 30 * minute)?.name, "a")
    assert.strictEqual(next(1, 30 * minute)?.name, "random-1")
    assert.isNull(next(1, 30 * minute))
    assert.strictEqual(next(1, 8 * minute)?.name, "random-2")
    took(3 * minute)
    assert.isNull(next(1, 8 * minute))
    assert.strictEqual(next(1, 6 * minute)?.name, "random-3")
  })
})

describe("labs side by side", () => {
  it("have one for three managers as long as there are scenarios for it, and take turns where there are too few", () => {
    const both = new Map([
      [1, 50],
      [3, 5]
    ])
    assert.deepStrictEqual(sizes(3, both), [[1], [3, 1], [1]])
    assert.deepStrictEqual(sizes(1, both), [[1, 3]])
    assert.deepStrictEqual(sizes(2, new Map([[1, 50]])), [[1], [1]])
    assert.deepStrictEqual(sizes(2, new Map([[3, 5]])), [[3], [3]])
  })
})
