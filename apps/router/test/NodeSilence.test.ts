import { describe, expect, it } from "@effect/vitest"
import { NodeId } from "@evenkeel/domain/Ids"
import * as NodeSilence from "../src/NodeSilence.ts"

const [a, b, c] = [NodeId.make("a"), NodeId.make("b"), NodeId.make("c")]
const { beatMillis, windowMillis } = NodeSilence

/** Ticks every beat up to `to` while `heard` are heard at each. */
const run = (state: NodeSilence.NodeSilence, from: number, to: number, heard: ReadonlyArray<NodeId>) => {
  let [now, next] = [from, state]
  while (now <= to) {
    for (const node of heard) next = NodeSilence.heard(next, node, now)
    next = NodeSilence.tick(next, now)
    now += beatMillis
  }
  return next
}

const silent = (state: NodeSilence.NodeSilence) => [...state.silent].toSorted()
const started = run(NodeSilence.watch(NodeSilence.empty, [a, b, c]), 0, 3_000, [a, b, c])

describe("NodeSilence", () => {
  it("finds nobody silent while all are heard", () => {
    expect(silent(started)).toEqual([])
  })

  it("finds a peer silent once three beats are missed, and not before", () => {
    const within = run(started, 3_300, 3_000 + windowMillis, [b, c])
    expect(silent(within)).toEqual([])
    const after = NodeSilence.tick(within, 3_000 + windowMillis + 1)
    expect(silent(after)).toEqual([a])
    expect(after.cutOff).toBe(false)
  })

  it("takes it back as soon as the peer is heard", () => {
    const lost = run(started, 3_300, 6_000, [b, c])
    expect(silent(lost)).toEqual([a])
    expect(silent(NodeSilence.heard(lost, a, 6_001))).toEqual([])
  })

  it("does not hold it against a peer that was never heard", () => {
    const state = run(NodeSilence.watch(started, [a, b, c, NodeId.make("d")]), 3_300, 9_000, [a, b, c])
    expect(silent(state)).toEqual([])
  })

  it("forgets a peer that left the table, and starts anew when it comes back", () => {
    const lost = run(started, 3_300, 6_000, [b, c])
    const left = NodeSilence.watch(lost, [b, c])
    expect(silent(left)).toEqual([])
    const back = run(NodeSilence.watch(left, [a, b, c]), 6_300, 9_000, [b, c])
    expect(silent(back)).toEqual([])
  })

  it("forgets a peer that said goodbye until it is heard again", () => {
    const gone = run(NodeSilence.saidGoodbye(started, a), 3_300, 9_000, [b, c])
    expect(silent(gone)).toEqual([])
    const crashed = run(NodeSilence.heard(gone, a, 9_000), 9_300, 12_000, [b, c])
    expect(silent(crashed)).toEqual([a])
  })

  it("suspects nobody when it hears nobody: it is cut off itself", () => {
    const state = run(started, 3_300, 9_000, [])
    expect(silent(state)).toEqual([])
    expect(state.cutOff).toBe(true)
    const back = NodeSilence.tick(NodeSilence.heard(state, b, 9_100), 9_100)
    expect(back.cutOff).toBe(false)
    expect(silent(back)).toEqual([a, c])
  })

  it("trusts the silence of its only peer", () => {
    const two = run(NodeSilence.watch(started, [a]), 3_300, 6_000, [])
    expect(silent(two)).toEqual([a])
  })

  it("judges nobody anew for a whole window after a stall of its own", () => {
    const stalled = NodeSilence.tick(started, 3_000 + 5_000)
    expect(silent(stalled)).toEqual([])
    const soon = run(NodeSilence.heard(stalled, b, 8_000), 8_100, 8_000 + windowMillis - 1, [b, c])
    expect(silent(soon)).toEqual([])
    const later = run(soon, 8_100 + 1_200, 9_900, [b, c])
    expect(silent(later)).toEqual([a])
  })

  it("keeps what it knew through a stall", () => {
    const lost = run(started, 3_300, 6_000, [b, c])
    expect(silent(NodeSilence.tick(lost, 9_000))).toEqual([a])
  })

  it("ignores strangers", () => {
    expect(NodeSilence.heard(started, NodeId.make("x"), 3_100)).toBe(started)
  })
})
