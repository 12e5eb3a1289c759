import * as Either from "effect/Either"
import { describe, expect, it } from "vitest"
import { parse } from "../../src/drill/DrillFlags.ts"

describe("the drill's command line", () => {
  it("runs every cycle at Swarm's own heartbeat by default", () => {
    expect(Either.getOrThrow(parse([]))).toMatchObject({
      cycles: ["follower-black-hole", "follower-crash", "leader-black-hole", "rebalancer-kill"],
      heartbeat: "5s",
      withoutRebalancer: false,
      saboteur: false
    })
  })
  it("passes over the task runner's dashes", () => {
    expect(Either.getOrThrow(parse(["--", "--only", "follower-crash", "--heartbeat", "1s", "--json"]))).toMatchObject({
      cycles: ["follower-crash"],
      heartbeat: "1s",
      json: true
    })
  })
  it.each([
    [["--only", "earthquake"], /earthquake/],
    [["--heartbeat", "fast"], /fast/],
    [["--rate", "0"], /--rate/],
    [["--unknown"], /unknown/]
  ])("refuses %j and names what is wrong", (words, message) => {
    expect(Either.flip(parse(words)).pipe(Either.getOrThrow).message).toMatch(message)
  })
})
