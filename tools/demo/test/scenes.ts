/** Observations and results to test with: three nodes, six VVMs and a trio, as a run begins. */
import type { Observation, ObservedTask } from "../src/Observation.ts"
import { noLoad, type Scene } from "../src/Scene.ts"
import type { RunResult } from "../src/Story.ts"

export const task = (service: string, node: string, change: Partial<ObservedTask> = {}): ObservedTask => ({
  id: `${service}-${node}`,
  service,
  slot: 1,
  node,
  isServing: true,
  isStarting: false,
  isStopping: false,
  sinceMillis: 0,
  ...change
})

export const steady: Observation = {
  nodes: ["n1", "n2", "n3"].map((hostname) => ({ hostname, state: "ready", isLeader: hostname === "n1" })),
  tasks: [
    ...["n1", "n2", "n3"].flatMap((node) => [task("rebalancer", node, { slot: 0 }), task("router", node, { slot: 0 })]),
    ...["n1", "n2", "n3"].map((node, i) => task("trio", node, { slot: i + 1 })),
    ...["n1", "n2", "n3", "n1", "n2", "n3"].map((node, i) => task(`vvm${i + 1}`, node))
  ],
  moving: []
}

export const scene = (change: Partial<Scene> = {}): Scene => ({
  run: "evenkeel",
  phase: "steady",
  speed: 10,
  atSeconds: 42.4,
  observation: steady,
  lost: new Set(),
  load: { ...noLoad, requestsPerS: 150.3, sent: 450, p50Ms: 2.6, p99Ms: 24.8 },
  events: [],
  ...change
})

export const result = (change: Partial<RunResult> = {}): RunResult => ({
  run: "evenkeel",
  phases: ["starting", "steady", "lost", "restored", "returned", "moving", "balanced"],
  placement: { steady: [3, 3, 3], restored: [5, 0, 4], end: [3, 3, 3] },
  groupAtEnd: [2, 2, 2],
  trioAtEnd: [1, 1, 1],
  secondsToRestore: 17.2,
  secondsToBalance: 69.8,
  replaced: 3,
  moved: 3,
  requests: {
    streams: { opened: 24, broken: 5, longestAwayMs: 412, stillAway: 0 },
    sent: 2286,
    ok: 2286,
    lost: 0,
    cut: 0,
    onLostNode: 0,
    notSent: 0,
    p50Ms: 2.9,
    p99Ms: 688,
    longestMs: 1809,
    lostSamples: []
  },
  ...change
})

export const alone = (change: Partial<RunResult> = {}): RunResult => {
  const like = result()
  return {
    ...like,
    run: "alone",
    phases: ["starting", "steady", "lost", "restored", "returned"],
    placement: { ...like.placement, end: [5, 0, 4] },
    groupAtEnd: [3, 0, 3],
    trioAtEnd: [2, 0, 1],
    secondsToBalance: null,
    moved: 0,
    requests: { ...like.requests, lost: 62, ok: 2224 },
    ...change
  }
}
