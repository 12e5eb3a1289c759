/**
 * Planning leaves time for other things again and again, and comes to an end where there is too much to try. Counted in calls on
 * the layout.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { planning } from "../src/Planner.ts"
import { Layout } from "../src/planner/Layout.ts"
import type { Snapshot } from "../src/Snapshot.ts"
import { type ClusterInput, snapshot } from "./fixtures/Cluster.ts"

const { delta, displace, place } = Layout.prototype
let calls = 0

beforeAll(() => {
  Layout.prototype.delta = function (...given) {
    calls++
    return delta.apply(this, given)
  }
  Layout.prototype.displace = function (...given) {
    calls++
    displace.apply(this, given)
  }
  Layout.prototype.place = function (...given) {
    calls++
    place.apply(this, given)
  }
})

afterAll(() => {
  Object.assign(Layout.prototype, { delta, displace, place })
})

interface Counted {
  /** Calls in all, and the most without a pause. */
  readonly total: number
  readonly most: number
}

const counted = (state: Snapshot): Counted => {
  const work = planning(state)
  let [total, most] = [0, 0]
  for (;;) {
    calls = 0
    const { done } = work.next()
    total += calls
    most = Math.max(most, calls)
    if (done === true) return { total, most }
  }
}

const named = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`)

/** Half of the nodes have room for two: the others stay fuller, and what to do about it are too many ways to try. */
const crowded: ClusterInput = {
  nodes: named(8).map((name, i) => ({ name, memoryBytes: i < 4 ? 2 : 10 })),
  services: Array.from({ length: 24 }, (_, i) => {
    const place = (i * 7) % 24
    const node = place < 7 ? Math.floor(place / 2) : 4 + Math.floor((place - 7) / 5)
    return { name: `s${i}`, tasks: `n${Math.min(node, 7)}`, memoryBytes: 1, group: `g${i % 8}` }
  })
}

/** Swarm cannot be brought to even these out, which takes long to be sure of. */
const several: ClusterInput = {
  nodes: named(5).map((name, i) => ({ name, labels: { zone: "abc"[i % 3] ?? "" }, memoryBytes: 9 })),
  services: Array.from({ length: 4 }, (_, i) => ({
    name: `w${i}`,
    tasks: ["n0 n0 n1", "n0 n1 n1 n3", "n0 n2 n3 n3"][i % 3] ?? "",
    preferences: ["node.labels.zone"],
    memoryBytes: 1,
    maxReplicasPerNode: 3
  }))
}

const large: ClusterInput = {
  nodes: named(60),
  services: Array.from({ length: 800 }, (_, i) => ({
    name: `s${i}`,
    tasks: `n${i % 59} n${(i * 3 + 1) % 59}`,
    group: `g${i % 5}`
  }))
}

const manySingles: ClusterInput = {
  nodes: named(40),
  services: Array.from({ length: 120 }, (_, i) => ({ name: `s${i}`, tasks: `n${i % 20}`, group: `g${i % 5}` }))
}

describe.each(Object.entries({ crowded, several, large, manySingles }))("planning %s", (_, input) => {
  it("is done in short stretches, and not too many of them", { timeout: 60_000 }, () => {
    const { most, total } = counted(snapshot(input))
    expect(most).toBeLessThanOrEqual(750)
    expect(total).toBeLessThanOrEqual(1_000_000)
  })
})
