import { describe, expect, it } from "vitest"
import * as BrakeSettings from "../../src/brakes/BrakeSettings.ts"
import * as FlapQuarantine from "../../src/brakes/FlapQuarantine.ts"
import * as Policy from "../../src/brakes/Policy.ts"
import { minute, n, nodeOf, type NodeInput, now, snapshotOf } from "./Situation.ts"

/** What is known after n2 went through these states, one a second; the last is now. */
const seen = (states: ReadonlyArray<NodeInput>) =>
  states.reduce(
    (losses, state, at) =>
      FlapQuarantine.observe(
        losses,
        snapshotOf([nodeOf("n1"), nodeOf("n2", state)]),
        now - (states.length - 1 - at) * 1_000
      ),
    FlapQuarantine.nothingSeen
  )

const ready: NodeInput = { state: "ready" }
const down: NodeInput = { state: "down" }
const unknown: NodeInput = { state: "unknown" }
const drained: NodeInput = { state: "ready", availability: "drain" }

const lossesOf = (states: ReadonlyArray<NodeInput>) => seen(states).lostAtMillis.get(n("n2"))?.length ?? 0

describe("what counts as a loss", () => {
  it.each<[string, ReadonlyArray<NodeInput>, number]>([
    ["ready to down", [ready, down], 1],
    ["down all the time", [down, down, down], 0],
    ["twice", [ready, down, ready, down], 2],
    ["what a new leader makes of all nodes: unknown, then ready", [ready, unknown, ready, unknown, ready], 0],
    ["down by way of unknown", [ready, unknown, down], 1],
    ["drained on purpose, then switched off", [ready, drained, { state: "down", availability: "drain" }], 0],
    ["drained and back", [ready, drained, ready], 0]
  ])("%s", (_, states, losses) => {
    expect(lossesOf(states)).toBe(losses)
  })

  it("nothing new is the same value", () => {
    const before = seen([ready, down])
    expect(FlapQuarantine.observe(before, snapshotOf([nodeOf("n1"), nodeOf("n2", down)]), now + 1)).toBe(before)
  })
})

describe("a quarantine", () => {
  const settings = BrakeSettings.defaults
  const flaps = (times: number) => Array.from({ length: times }, () => [ready, down]).flat()
  const snapshot = snapshotOf([nodeOf("n1"), nodeOf("n2")])
  const dueAfter = (states: ReadonlyArray<NodeInput>, policy: Policy.Policy = Policy.none, at = now) =>
    FlapQuarantine.due(seen(states), policy, settings, snapshot, at)
  const past = (level: number, endedAgoMillis: number): Policy.Policy => ({
    ...Policy.none,
    quarantines: [
      { node: n("n2"), hostname: "n2", level, sinceMillis: now - 20 * minute, untilMillis: now - endedAgoMillis }
    ]
  })

  it("begins with the third loss, for five minutes", () => {
    expect(dueAfter(flaps(2))).toEqual([])
    expect(dueAfter(flaps(3))).toMatchObject([{ node: "n2", level: 1, untilMillis: now + 5 * minute }])
  })
  it("does not begin when the losses lie apart", () => {
    expect(dueAfter(flaps(3), Policy.none, now + settings.quarantineWithinMillis)).toEqual([])
  })
  it.each([
    [1, 10],
    [2, 20],
    [3, 40],
    [4, 80],
    [5, 120],
    [60, 120]
  ])("after %i in a row it lasts %i minutes", (level, minutes) => {
    expect(dueAfter(flaps(3), past(level, minute))).toMatchObject([
      { level: level + 1, untilMillis: now + minutes * minute }
    ])
  })
  it("is the first again when the last one is long over", () => {
    const policy = past(4, settings.quarantineMaxMillis + 1)
    expect(dueAfter(flaps(3), policy)).toMatchObject([{ level: 1 }])
    expect(FlapQuarantine.withQuarantines(policy, [], settings, now).quarantines).toEqual([])
  })
  it("does not count the losses that led to the last one", () => {
    const [quarantine] = dueAfter(flaps(3))
    if (quarantine === undefined) throw new Error("one is due")
    const policy = FlapQuarantine.withQuarantines(Policy.none, [quarantine], settings, now)
    expect(dueAfter(flaps(3), policy, quarantine.untilMillis)).toEqual([])
    expect(dueAfter(flaps(3), policy, now + 1)).toEqual([])
  })
  it("replaces the last one of its node", () => {
    const policy = past(1, minute)
    const after = FlapQuarantine.withQuarantines(policy, dueAfter(flaps(3), policy), settings, now)
    expect(after.quarantines).toMatchObject([{ node: "n2", level: 2 }])
  })
})
