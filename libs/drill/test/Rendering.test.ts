import { describe, expect, it } from "vitest"
import { problemsOf } from "../src/Assessment.ts"
import type { Failure, LoadReport, PhaseReport } from "../src/LoadReport.ts"
import { KindTally, PhaseTally } from "../src/PhaseTally.ts"
import { renderPlacement } from "../src/PlacementTable.ts"
import { renderTable } from "../src/ReportTable.ts"
import { renderTimeline } from "../src/Timeline.ts"

const noneAway = { sse: [], websocket: [] }

const phase = (fill: (tally: PhaseTally) => void): PhaseReport => {
  const tally = new PhaseTally("failover", 1_000, { sse: { n1: 1 }, websocket: {} })
  fill(tally)
  tally.end(3_000)
  return tally.report(9_000, 0, noneAway)
}

const good = { kind: "get", service: "vvm1", fate: "ok", outcome: "ok", heldMs: 0, tries: 1 } as const

const lossy = phase((tally) => {
  for (let index = 0; index < 4; index++) tally.sent("get", "vvm1", 1)
  tally.sent("post", "vvm", 1)
  tally.ended({ ...good, latencyMs: 5, waitMs: 4 })
  tally.ended({ ...good, latencyMs: 2_000, waitMs: 1_990, heldMs: 1_900, tries: 2 })
  tally.ended({ ...good, fate: "lost", outcome: "error-status", latencyMs: 9, waitMs: 9 })
  tally.ended({ ...good, fate: "on-dead-node", outcome: "timed-out", latencyMs: 60_000, waitMs: 60_000 })
})

const failure: Failure = {
  at: 2_500,
  phase: "failover",
  kind: "get",
  target: "http://r1:8080",
  service: "vvm1",
  method: "GET",
  path: "/",
  bodyBytes: 0,
  fate: "lost",
  outcome: "error-status",
  status: 503,
  reason: "no-task",
  detail: "status 503",
  afterMs: 9,
  tries: 1
}

const reportOf = (phases: ReadonlyArray<PhaseReport>, failures: ReadonlyArray<Failure> = []): LoadReport => ({
  startedAt: 1_000,
  durationMs: 2_000,
  phases,
  total: phases[0]?.total ?? new KindTally().report(),
  schedulerLag: { p99Ms: 1, maxMs: 1 },
  failures,
  failuresLeftOut: 0
})

describe("PhaseTally", () => {
  it("adds up by kind and service; what was on a dead node shows in no latency", () => {
    expect(lossy).toMatchObject({ name: "failover", startedAt: 1_000, durationMs: 2_000 })
    expect(lossy.kinds.get).toMatchObject({ sent: 4, ok: 2, lost: 1, onDeadNode: 1, underWay: 0, held: 1, retried: 1 })
    expect(lossy.kinds.get?.longestMs).toBe(2_000)
    expect(lossy.total).toMatchObject({ sent: 5, underWay: 1 })
    expect(lossy.services["vvm1"]).toMatchObject({ sent: 4, ok: 2, lost: 1, held: 1, longestWaitMs: 1_990 })
  })
})

describe("renderTable", () => {
  it("aligns the figures of each phase and groups failures that look alike", () => {
    const text = renderTable(reportOf([lossy], [failure, { ...failure, afterMs: 30 }]))
    expect(text).toContain("failover: 2.0 s, 3 requests/s, sent late by 1.00 ms at p99, 1.00 ms at most")
    const lines = text.split("\n")
    const cells = (start: string) =>
      lines
        .find((line) => line.startsWith(start))
        ?.trim()
        .split(/ {2,}/)
    expect(cells("get ")).toEqual(["get", "4", "2", "1", "0", "1", "0", "1", "1", "9.09 ms", "2.0 s", "2.0 s"])
    expect(cells("vvm1 ")).toEqual(["vvm1", "4", "2", "1", "1", "2.0 s", "1.9 s"])
    expect(lines.at(-1)?.trim().split(/ {2,}/)).toEqual([
      ..."2|1.5|failover|get|vvm1|lost|error-status|30 ms|http://r1:8080|no-task; status 503".split("|")
    ])
    const [head, row] = [
      lines.find((line) => line.startsWith("requests")),
      lines.find((line) => line.startsWith("all "))
    ]
    expect(row?.length).toBe(head?.length)
  })
})

describe("problemsOf", () => {
  const quiet = phase((tally) => {
    tally.sent("get", "vvm", 1)
    tally.ended({ ...good, latencyMs: 5, waitMs: 4 })
  })

  it("finds nothing wrong with a run that kept its promises", () => {
    expect(problemsOf(reportOf([quiet]))).toEqual([])
  })

  it("names what was not kept, with its phase", () => {
    expect(problemsOf(reportOf([lossy]))).toEqual(["failover: 1 requests lost"])
    expect(problemsOf(reportOf([quiet]), { leastPerS: 500 })).toEqual(["only 1 requests/s were sent; asked were 500"])
    const late = phase((tally) => tally.sent("get", "vvm", 80))
    expect(problemsOf(reportOf([late]))[0]).toContain("failover: the generator sent late")
    const wrong = phase((tally) =>
      tally.ended({ ...good, fate: "failed-apart", outcome: "wrong-body", latencyMs: 1, waitMs: 1 })
    )
    expect(problemsOf(reportOf([wrong]))).toEqual(["failover: 1 answers with a wrong body"])
    expect(problemsOf(reportOf([phase((tally) => tally.notSent("get"))]))[0]).toContain("1 requests not sent")
  })

  it("holds streams to their time away and to those that were open", () => {
    const slow = phase((tally) => tally.streams.sse.opened(3_001))
    expect(problemsOf(reportOf([slow]))).toEqual(["failover: a sse stream was away for 3.0 s; allowed are 3.0 s"])
    const broken = phase((tally) => {
      tally.streams.sse.ended("broken", "n1", false)
      tally.streams.sse.ended("broken", "n1", true)
    })
    expect(problemsOf(reportOf([broken]))).toEqual([])
    const tooMany = phase((tally) => tally.streams.sse.ended("broken", "n2", false))
    expect(problemsOf(reportOf([tooMany]))[0]).toContain("1 sse streams to node n2 broke; only 0 were open")
  })
})

describe("renderTimeline", () => {
  it("orders events and tells the time since the start and since the one before", () => {
    const events = [
      { atMs: 17_250, subject: "n2", text: "down" },
      { atMs: 5_000, subject: "n2", text: "black-holed" }
    ]
    expect(renderTimeline(events, 2_000)).toBe(
      [" t/s  step/s  on  event", " 3.0    +3.0  n2  black-holed", "15.3   +12.3  n2  down"].join("\n")
    )
    expect(renderTimeline([])).toBe("t/s  step/s  on  event")
  })
})

describe("renderPlacement", () => {
  it("shows each node's count of each service, empty nodes and sums included", () => {
    const text = renderPlacement({
      nodes: ["n1", "n2"],
      services: ["vvm1", "vvm2"],
      tasks: [
        { node: "n1", service: "vvm1" },
        { node: "n1", service: "vvm2" },
        { node: "n3", service: "vvm2" },
        { node: "n2", service: "router" }
      ]
    })
    expect(text).toBe(
      [
        "node  vvm1  vvm2  tasks",
        "n1       1     1      2",
        "n2       .     .      0",
        "n3       .     1      1",
        "all      1     2      3"
      ].join("\n")
    )
  })
})
