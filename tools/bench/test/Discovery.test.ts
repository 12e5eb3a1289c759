import { describe, expect, it } from "vitest"
import type { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { defaultLoadBalancing } from "@evenkeel/domain/LoadBalancing"
import { Endpoint, RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import { defaultTimeouts } from "@evenkeel/domain/Timeouts"
import { sendsTo } from "../src/discovery/FeedWatch.ts"
import type { Measured } from "../src/discovery/Measure.ts"
import { delayOf, readingsOf } from "../src/discovery/Rebalancer.ts"
import { gateMillis, lines, passes } from "../src/discovery/Report.ts"

const of = (nodes: number, tasks: number, p99Millis: number): Measured => {
  const cost = {
    seconds: 20,
    cpuShare: 0.1,
    readings: { read: 20, failed: 0 },
    intervalMillis: 1_000,
    eventLoopDelayMillis: 30
  }
  return {
    ...{ nodes, tasks, changes: 3, together: 1, routers: 9, services: 4, fillSeconds: 1, firstTableSeconds: 1 },
    ...{ atRest: cost, busy: { ...cost, readings: { read: 15, failed: 5 } } },
    ...{ memory: { nowMebibytes: 1, mostMebibytes: 2 }, delaysMillis: [1, 2, p99Millis] },
    ...{ p50Millis: 2, p99Millis, mostMillis: p99Millis }
  }
}

describe("bench:discovery", () => {
  it("is judged by the p99 of the size that has a gate", () => {
    expect(passes([of(100, 5_000, gateMillis), of(1_000, 100_000, 60_000)])).toBe(true)
    expect(passes([of(100, 5_000, gateMillis + 1)])).toBe(false)
    const text = lines([of(100, 5_000, 700), of(1_000, 100_000, 700)]).join("\n")
    expect(text).toContain("gate 1000 ms: holds, aim 400 ms: missed")
    expect(text).toContain("no gate")
    expect(text).toContain("5 of 20 FAILED")
  })

  it("ends a change when the table sends the task nothing more", () => {
    const endpoint = (state: "ready" | "draining") =>
      new Endpoint({
        ...{ task: "t1" as TaskId, node: "n1" as NodeId, slot: 1, address: "10.0.0.2", port: 8080, state }
      })
    const table = (...endpoints: ReadonlyArray<Endpoint>) => {
      const service = new RoutedService({
        ...{ id: "s1" as ServiceId, name: "app", group: null, scheme: "http", loadBalancing: defaultLoadBalancing },
        ...{ retries: 2, timeouts: defaultTimeouts, holdMillis: 0, endpoints }
      })
      return new RoutingTable({ ...RoutingTable.empty, services: [service] })
    }
    expect(sendsTo(table(endpoint("ready")), "s1", "t1")).toBe(true)
    expect(sendsTo(table(endpoint("ready")), "s1", "t2")).toBe(false)
    expect(sendsTo(table(endpoint("draining")), "s1", "t1")).toBe(false)
    expect(sendsTo(table(), "s1", "t1")).toBe(false)
    expect(sendsTo(null, "s1", "t1")).toBe(false)
  })

  it("reads how many readings there were, and how long the event loop stood still", () => {
    const page = [
      "# TYPE evenkeel_rebalancer_readings_total counter",
      'evenkeel_rebalancer_readings_total{result="read"} 41',
      'evenkeel_rebalancer_readings_total{result="failed"} 2',
      "evenkeel_rebalancer_event_loop_delay_seconds 0.25"
    ].join("\n")
    expect(readingsOf(page)).toEqual({ read: 41, failed: 2 })
    expect(readingsOf("")).toEqual({ read: 0, failed: 0 })
    expect([delayOf(page), delayOf("")]).toEqual([250, NaN])
  })
})
