import { describe, expect, it } from "vitest"
import { Endpoint } from "../../src/proxy/Endpoint.ts"
import { NodeHealth } from "../../src/proxy/NodeHealth.ts"
import { Affinity } from "../../src/balancing/Affinity.ts"
import { choose as chooseFor, chooseProbe } from "../../src/proxy/Selection.ts"
import { Target } from "../../src/proxy/Target.ts"

const service = {
  id: "s",
  name: "s",
  scheme: "http" as const,
  verifyName: null,
  retries: 2,
  connectMillis: 1,
  firstByteMillis: 1,
  idleMillis: 1,
  health: null,
  hedgeAfter: null
}

const choose = (target: Target, tried: ReadonlyArray<Endpoint>, now: number, random: () => number) =>
  chooseFor(target, tried, now, random, new Affinity())

const targetOf = (...specs: ReadonlyArray<readonly [task: string, node: string]>) => {
  const nodes = new Map<string, NodeHealth>()
  const target = new Target("s")
  target.ready = specs.map(([task, id]) => {
    const node = nodes.get(id) ?? new NodeHealth(id)
    nodes.set(id, node)
    return new Endpoint({ task, node, address: "127.0.0.1", port: 1, local: id === "own", seed: 0, service })
  })
  target.local = target.ready.filter(({ local }) => local)
  const endpoint = (task: string) => target.ready.find((one) => one.task === task) as Endpoint
  return { target, endpoint, nodes }
}

/** How often each task is chosen in `times` tries whose requests do not end. */
const share = (target: Target, times: number, random: () => number = Math.random) => {
  const counts: Record<string, number> = {}
  for (let i = 0; i < times; i++) {
    const chosen = choose(target, [], 0, random)
    if (chosen === null) continue
    chosen.outstanding++
    counts[chosen.task] = (counts[chosen.task] ?? 0) + 1
  }
  return counts
}

describe("choosing an endpoint", () => {
  it("keeps requests under way even among equals", () => {
    expect(share(targetOf(["a", "1"], ["b", "2"], ["c", "3"]).target, 30)).toEqual({ a: 10, b: 10, c: 10 })
  })

  it("gives the own node twice the others' share, no more", () => {
    expect(share(targetOf(["a", "own"], ["b", "2"]).target, 30)).toEqual({ a: 20, b: 10 })
  })

  it("sends less where answers take longer, and forgets it in time", () => {
    const { target, endpoint } = targetOf(["a", "1"], ["b", "2"])
    endpoint("a").observe(100, 0)
    endpoint("b").observe(10, 0)
    expect(choose(target, [], 0, Math.random)?.task).toBe("b")
    endpoint("b").outstanding = 1
    expect(choose(target, [], 0, Math.random)?.task).toBe("b")
    expect(choose(target, [], 100_000, Math.random)?.task).toBe("a")
  })

  it("of many draws two and takes the better", () => {
    const { target, endpoint } = targetOf(...Array.from({ length: 10 }, (_, i) => [`t${i}`, `n${i}`] as const))
    const counts = share(target, 1_000)
    expect(Object.keys(counts).length).toBe(10)
    expect(Math.max(...Object.values(counts))).toBeLessThan(115)
    endpoint("t0").outstanding = 10_000
    for (let i = 0; i < 100; i++) expect(choose(target, [], 0, Math.random)?.task).not.toBe("t0")
  })

  it("finds the one that is left of many", () => {
    const { target, nodes } = targetOf(...Array.from({ length: 10 }, (_, i) => [`t${i}`, `n${i}`] as const))
    for (const [id, node] of nodes) if (id !== "n7") node.setSilent(true, 0)
    for (let i = 0; i < 20; i++) expect(choose(target, [], 0, Math.random)?.task).toBe("t7")
  })

  it("after a failure prefers another node, then another endpoint, then even the same", () => {
    const { target, endpoint, nodes } = targetOf(["a", "1"], ["b", "1"], ["c", "2"])
    const a = endpoint("a")
    expect(choose(target, [a], 0, Math.random)?.task).toBe("c")
    nodes.get("2")?.setSilent(true, 0)
    expect(choose(target, [a], 0, Math.random)?.task).toBe("b")
    endpoint("b").state = "draining"
    expect(choose(target, [a], 0, Math.random)?.task).toBe("a")
  })

  it("lets one request at a time probe an endpoint that was out", () => {
    const { target, endpoint } = targetOf(["a", "1"])
    const { backoff } = endpoint("a")
    backoff.fail(0, 1_000, 60_000, 0.5)
    expect(choose(target, [], 999, Math.random)).toBe(null)
    expect(choose(target, [], 1_000, Math.random)?.task).toBe("a")
    backoff.beginProbe(1_000)
    expect(choose(target, [], 1_000, Math.random)).toBe(null)
    expect(chooseProbe(target, 1_100, 250)).toBe(null)
    backoff.abandonProbe()
    expect(chooseProbe(target, 1_100, 250)).toBe(null)
    expect(chooseProbe(target, 1_250, 250)?.task).toBe("a")
  })

  it("probes on a node not suspect first", () => {
    const { target, endpoint, nodes } = targetOf(["a", "1"], ["b", "2"])
    endpoint("b").backoff.fail(0, 1_000, 60_000, 0.5)
    nodes.get("1")?.setSilent(true, 0)
    expect(chooseProbe(target, 0, 250)?.task).toBe("b")
  })
})

describe("a node", () => {
  it("is suspect by two tasks that time out within the window, not by one", () => {
    const node = new NodeHealth("n")
    expect(node.noteTimeout("a", 0, 2_000, 2)).toBe(false)
    expect(node.noteTimeout("a", 100, 2_000, 2)).toBe(false)
    expect(node.noteTimeout("b", 5_000, 2_000, 2)).toBe(false)
    expect(node.noteTimeout("a", 6_000, 2_000, 2)).toBe(true)
  })
})
