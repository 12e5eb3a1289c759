import { describe, expect, it } from "vitest"
import { compare, problemsOf } from "../src/Outcome.ts"
import type { RunResult } from "../src/Story.ts"
import { alone, result } from "./scenes.ts"

const requests = result().requests

describe("Outcome.problemsOf", () => {
  it("is content when all was as promised, whatever Swarm alone has lost", () => {
    expect(problemsOf([alone()], result())).toEqual([])
  })

  it.each<[string, Partial<RunResult>, RegExp]>([
    ["VVMs that are not even", { groupAtEnd: [3, 1, 2] }, /six VVMs ended as 3-1-2/],
    ["a trio that is not even", { trioAtEnd: [2, 0, 1] }, /trio ended as 2-0-1/],
    ["a lost request", { requests: { ...requests, lost: 1, lostSamples: ["moving: get"] } }, /1 requests lost: moving/],
    ["requests that were not sent", { requests: { ...requests, notSent: 4 } }, /4 requests could not be sent/],
    [
      "a stream that was away for too long",
      { requests: { ...requests, streams: { ...requests.streams, longestAwayMs: 3_400 } } },
      /gone for 3400 ms/
    ],
    [
      "a stream that did not come back",
      { requests: { ...requests, streams: { ...requests.streams, stillAway: 1 } } },
      /1 are not open again/
    ],
    ["no load at all", { requests: { ...requests, sent: 0 } }, /no request was sent/],
    ["replicas that stayed away", { secondsToRestore: null }, /did not restore/],
    ["a start that was uneven", { placement: { steady: [4, 3, 2], restored: [], end: [3, 3, 3] } }, /began with 4-3-2/],
    ["no move", { phases: ["starting", "steady", "lost", "restored", "returned"] }, /lacks moving, balanced/]
  ])("names %s", (_, change, expected) => {
    const problems = problemsOf([alone()], result(change))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(expected)
  })

  it("judges of Swarm alone what both runs need", () => {
    expect(problemsOf([alone({ secondsToRestore: null })], result())).toEqual([
      "Swarm alone: Swarm did not restore every replica"
    ])
  })
})

it("Outcome.compare puts the runs side by side", () => {
  expect(compare([alone(), result()])).toMatchInlineSnapshot(`
    "                                         Swarm alone  Swarm with Evenkeel
    restored after (simulated)                    17.2 s               17.2 s
    even again after return (simulated)            never               69.8 s
    placement before the loss                      3-3-3                3-3-3
    placement after recovery                       5-0-4                3-3-3
    tasks restarted by the loss                        3                    3
    tasks moved afterwards                             0                    3
    requests sent                                   2286                 2286
    requests lost                                     62                    0
    POSTs and half answers cut                         0                    0
    failed at the lost node's entry                    0                    0
    streams opened / broken                       24 / 5               24 / 5
    longest until open again                      412 ms               412 ms
    latency p50 / p99                    2.9 ms / 688 ms      2.9 ms / 688 ms
    longest wait for an answer                   1809 ms              1809 ms"
  `)
})
