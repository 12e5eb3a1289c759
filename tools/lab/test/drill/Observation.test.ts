import { describe, expect, it } from "vitest"
import {
  areEven,
  compareContainers,
  fewestMoves,
  fewestMovesOfAll,
  formatPlacements,
  isEven,
  placementOf,
  type SeenContainer
} from "../../src/drill/Observation.ts"

const placement = (...counts: ReadonlyArray<number>) => new Map(counts.map((count, i) => [`n${i + 1}`, count]))

describe("the fewest moves", () => {
  it.each([
    [[2, 2, 2], 0],
    [[3, 3, 0], 2],
    [[6, 0, 0], 4],
    [[4, 2, 0], 2],
    [[3, 2, 2], 0],
    [[4, 3, 0], 2],
    [[1, 0, 0], 0]
  ])("from %j are %d", (counts, moves) => {
    expect(fewestMoves(placement(...counts))).toBe(moves)
  })
})

it("a placement is even when nodes differ by one at most", () => {
  expect([isEven(placement(2, 2, 2)), isEven(placement(3, 2, 2)), isEven(placement(3, 3, 1))]).toEqual([
    true,
    true,
    false
  ])
})

it("several spreads are even when each is, and need the moves of all", () => {
  const both = (...trio: ReadonlyArray<number>) =>
    new Map([
      ["vvm", placement(3, 3, 0)],
      ["trio", placement(...trio)]
    ])
  expect(formatPlacements(both(2, 0, 1))).toBe("vvm 3-3-0, trio 2-0-1")
  expect([areEven(both(1, 1, 1)), areEven(new Map([["trio", placement(1, 1, 1)]]))]).toEqual([false, true])
  expect([fewestMovesOfAll(both(2, 0, 1)), fewestMovesOfAll(both(1, 1, 1))]).toEqual([3, 2])
})

it("a placement counts wanted running tasks of the workload", () => {
  const task = { id: "t", service: "a", node: "n1", desired: "running", state: "running" }
  const tasks = [task, { ...task, desired: "shutdown" }, { ...task, state: "starting" }, { ...task, service: "other" }]
  expect([...placementOf(["n1", "n2"], new Set(["a"]), tasks)]).toEqual([
    ["n1", 1],
    ["n2", 0]
  ])
})

it("containers are compared by id and start time", () => {
  const container = (id: string, startedAt = "t0"): SeenContainer => ({
    id,
    node: "n1",
    service: "a",
    task: id,
    startedAt
  })
  const changes = compareContainers(
    [container("stays"), container("ends"), container("again")],
    [container("stays"), container("new"), container("again", "t1")]
  )
  expect(changes.started.map(({ id }) => id)).toEqual(["new"])
  expect(changes.ended.map(({ id }) => id)).toEqual(["ends"])
  expect(changes.restarted.map(({ id }) => id)).toEqual(["again"])
})
