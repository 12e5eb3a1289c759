/** The counts of several workers as one router's. */
import { describe, expect, it } from "vitest"
import { type ProxyStats, TargetStats, Totals } from "../../src/proxy/ProxyStats.ts"
import { mergeStats } from "../../src/workers/MergedStats.ts"

const endpoint = { task: "t1", node: "n1", service: "web", address: "10.0.0.1:80" }

const statsOf = (requests: number, latencyMs: number, ejectedForMs = 0): ProxyStats => {
  const web = new TargetStats()
  for (let i = 0; i < requests; i++) {
    web.requests++
    web.observe(200, 3)
  }
  web.fail("reset")
  web.hedged("won")
  web.holdLongestMs = requests
  const totals = new Totals()
  totals.clientConnections = 2
  totals.clientConnectionsTotal = 10
  totals.reject("no-route")
  totals.eject("connect")
  totals.accessLogDropped = 3
  totals.spansDropped = 4
  return {
    totals,
    targets: new Map([["web", web]]),
    endpoints: [{ ...endpoint, outstanding: 1, latencyMs, idleConnections: 2, ejectedForMs }],
    poolIdle: 2,
    heldNow: 1,
    heldBytes: 5
  }
}

describe("counts of several workers", () => {
  it("are added up", () => {
    const { totals, targets, poolIdle, heldNow, heldBytes } = mergeStats([statsOf(3, 1), statsOf(4, 3)], [])
    const web = targets.get("web")
    expect([web?.requests, web?.byClass[2], web?.latencySumMs, web?.latency[2]]).toEqual([7, 7, 21, 7])
    expect([web?.failures.get("reset"), web?.holdLongestMs]).toEqual([2, 4])
    expect([totals.clientConnections, totals.clientConnectionsTotal, totals.rejected.get("no-route")]).toEqual([
      4, 20, 2
    ])
    expect([totals.ejections.get("connect"), totals.accessLogDropped, totals.spansDropped]).toEqual([2, 6, 8])
    expect(web?.hedges.get("won")).toBe(2)
    expect([poolIdle, heldNow, heldBytes]).toEqual([4, 2, 10])
  })

  it("tell of each endpoint once: work under way together, the mean latency, the longest ejection", () => {
    const { endpoints } = mergeStats([statsOf(1, 1), statsOf(1, 3, 500)], [])
    expect(endpoints).toEqual([{ ...endpoint, outstanding: 2, latencyMs: 2, idleConnections: 4, ejectedForMs: 500 }])
  })

  it("keep what an ended worker had counted, not what it had open", () => {
    const { totals, targets, endpoints, heldNow } = mergeStats([statsOf(1, 1)], [statsOf(5, 9)])
    expect(targets.get("web")?.requests).toBe(6)
    expect([totals.clientConnectionsTotal, totals.clientConnections, heldNow]).toEqual([20, 2, 1])
    expect(endpoints[0]?.outstanding).toBe(1)
  })
})
