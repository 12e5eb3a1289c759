import { describe, expect, it } from "vitest"
import * as Either from "effect/Either"
import { catalogue } from "../src/Catalogue.ts"
import * as Flags from "../src/Flags.ts"
import * as ServiceSpec from "../src/ServiceSpec.ts"
import { memberText } from "../src/SwarmReading.ts"
import * as CommitSamples from "../src/targets/CommitSamples.ts"
import * as ToldMetrics from "../src/targets/ToldMetrics.ts"

describe("what is read", () => {
  it("cuts a spec out of its service byte for byte", () => {
    const spec = '{"Name":"a}\\"{", "Labels":{"x":"y"}}'
    expect(memberText(`{"ID":"1","Spec":${spec},"PreviousSpec":{"Name":"b"}}`, "Spec")).toBe(spec)
    expect(memberText(`{"ID":"1","Spec":${spec}}`, "PreviousSpec")).toBeNull()
  })

  it("changes nothing but the revision", () => {
    expect(ServiceSpec.nextRevision('{"Env":["DRILL_REVISION=9"],"n":1.0}')).toBe(
      '{"Env":["DRILL_REVISION=10"],"n":1.0}'
    )
  })

  it("makes a sample of each commit after which other tasks serve", () => {
    const line = (index: number, changes: ReadonlyArray<object>) =>
      JSON.stringify({ index, at: `2026-01-01T00:00:0${index}.000Z`, changes })
    const task = (state: string, desired = "running", action = "update") => ({
      kind: "task",
      action,
      id: "t",
      service: "w",
      node: "x",
      desired,
      state
    })
    const { samples, traced } = CommitSamples.follow(
      CommitSamples.nothing,
      [
        line(1, [{ kind: "service", action: "create", id: "w", name: "web" }]),
        line(2, [task("starting")]),
        line(3, [task("running")]),
        line(4, [task("running", "shutdown")])
      ],
      new Map([["x", "n1"]])
    )
    expect(samples.map(({ serving }) => [...serving])).toEqual([[["t", { service: "web", node: "n1" }]], []])
    expect(traced.index).toBe(4)
  })

  it("reads what operators are told from metrics", () => {
    const page = [
      "# TYPE evenkeel_rebalancer_move_held gauge",
      "evenkeel_rebalancer_move_held 0",
      'evenkeel_rebalancer_moves_total{strategy="surge",result="undone"} 2',
      'evenkeel_rebalancer_moves_total{strategy="surge",result="begun"} 5'
    ].join("\n")
    expect(ToldMetrics.read(["", page])).toEqual({ isHeld: false, undone: 2 })
    expect(ToldMetrics.read(["evenkeel_rebalancer_move_held 1"])).toEqual({ isHeld: true, undone: 0 })
  })
})

describe("the command line", () => {
  it("runs all drills on the embedded Swarm unless it is told otherwise", () => {
    expect(Either.getOrNull(Flags.parse(["--"]))).toMatchObject({ target: "embedded", seed: 1, speed: 10, json: false })
    expect(Either.getOrNull(Flags.parse([]))?.drills).toEqual(catalogue)
  })

  it("takes drills by name, in their own order", () => {
    const options = Either.getOrNull(Flags.parse(["--target", "real", "--only", "user-update,node-added"]))
    expect(options?.drills.map(({ name }) => name)).toEqual(["node-added", "user-update"])
  })

  it.each([
    [["--target", "cloud"], "--target takes embedded or real, not cloud"],
    [["--only", "nothing"], "there is no drill nothing"],
    [["--seed", "x"], "--seed takes a whole number, not x"],
    [["--speed", "0"], "--speed takes a number from 1 to 50, not 0"],
    [["--sed", "1"], "--sed"]
  ])("refuses %j", (words, reason) => {
    expect(Either.flip(Flags.parse(words)).pipe(Either.getOrNull)?.message).toContain(reason)
  })
})
