import { describe, expect, it } from "vitest"
import * as Optimum from "../src/Optimum.ts"

const service = (counts: ReadonlyArray<number>, input: Partial<Optimum.SpreadService> = {}): Optimum.SpreadService => ({
  name: input.name ?? "s",
  group: null,
  counts,
  isEligible: counts.map(() => true),
  mostPerNode: Infinity,
  branchOf: null,
  ...input
})

const situation = (
  services: ReadonlyArray<Optimum.SpreadService>,
  fixed = services[0]?.counts.map(() => 0) ?? []
): Optimum.Situation => ({ services, fixed, isOpen: fixed.map(() => true) })

const rows: ReadonlyArray<readonly [string, Optimum.Situation, number]> = [
  ["an even service stays", situation([service([2, 2, 2])]), 0],
  ["a difference of one stays", situation([service([2, 1, 1])]), 0],
  ["an empty node gets its share", situation([service([4, 3, 3, 0])]), 2],
  [
    "MaxReplicas bounds the share",
    situation([service([3, 3, 0], { mostPerNode: 2, isEligible: [true, true, true] })]),
    2
  ],
  [
    "a node that is not eligible gets nothing",
    situation([service([3, 1, 0], { isEligible: [true, true, false] })], [0, 0, 3]),
    1
  ],
  [
    "values of the preference come first",
    // Zones a: two nodes, b: one: three and three, however many nodes they have.
    situation([service([3, 3, 0], { branchOf: ["a", "a", "b"] })]),
    3
  ],
  [
    "services of a group are spread together",
    situation([
      service([1, 0, 0], { name: "one", group: "g" }),
      service([1, 0, 0], { name: "two", group: "g" }),
      service([0, 1, 0], { name: "three", group: "g" })
    ]),
    1
  ],
  [
    "services that are even each for itself are not stacked on the same nodes",
    situation([service([1, 1, 0, 0], { name: "one" }), service([1, 1, 0, 0], { name: "two" })]),
    2
  ],
  ["what cannot be moved counts on its node", situation([service([1, 1, 0, 0])], [2, 1, 0, 0]), 2]
]

describe("the fewest moves", () => {
  it.each(rows)("%s", (_, given, moves) => {
    expect(Optimum.of(given)).toEqual({ moves, isReached: moves === 0 })
  })
})
