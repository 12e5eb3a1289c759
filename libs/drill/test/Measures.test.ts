import { describe, expect, it } from "vitest"
import { LatencyHistogram } from "../src/LatencyHistogram.ts"
import { defaultPlan } from "../src/LoadPlan.ts"
import { OpenLoopSchedule } from "../src/OpenLoopSchedule.ts"
import { type Ended, fateOf } from "../src/Outcome.ts"

describe("LatencyHistogram", () => {
  it("gives quantiles within 1.6 % from a microsecond to half an hour", () => {
    for (const scale of [0.001, 0.1, 7, 333, 2_000]) {
      const histogram = new LatencyHistogram()
      for (let index = 1; index <= 1000; index++) histogram.record(index * scale)
      for (const quantile of [0.01, 0.5, 0.99, 1]) {
        const exact = quantile * 1000 * scale
        expect(histogram.quantileMs(quantile)).toBeGreaterThanOrEqual(exact * 0.999 - 0.0005)
        expect(histogram.quantileMs(quantile)).toBeLessThanOrEqual(exact * 1.017 + 0.001)
      }
    }
  })

  it("keeps the maximum exactly, also beyond its range, and merges", () => {
    const left = new LatencyHistogram()
    const right = new LatencyHistogram()
    left.record(1)
    right.record(10_000_000)
    left.merge(right)
    expect([left.count, left.maxMs]).toEqual([2, 10_000_000])
    expect(left.quantileMs(0.5)).toBeCloseTo(1, 1)
    expect(new LatencyHistogram().quantileMs(0.99)).toBe(0)
  })
})

describe("OpenLoopSchedule", () => {
  it("is due at its rates, without drift", () => {
    const schedule = new OpenLoopSchedule([3, 7, 0], 1000)
    const due = [...schedule.take(1000), ...schedule.take(500_999), ...schedule.take(1_000_999)]
    const times = due.filter(({ traffic }) => traffic === 0).map(({ intendedAt }) => intendedAt)
    expect(times).toHaveLength(3_000)
    expect(times[2_999]).toBeCloseTo(1000 + (2_999 * 1000) / 3, 6)
    expect(due.filter(({ traffic }) => traffic === 1)).toHaveLength(7_000)
    expect(due.filter(({ traffic }) => traffic === 2)).toHaveLength(0)
    expect(due.filter(({ traffic }) => traffic === 1).map(({ sequence }) => sequence)).toEqual([...Array(7_000).keys()])
  })

  it("gives all that is overdue with the times it was meant for, in order", () => {
    const schedule = new OpenLoopSchedule([100, 50], 0)
    const due = schedule.take(99.9)
    expect(due).toHaveLength(15)
    expect(due.map(({ intendedAt }) => intendedAt)).toEqual(
      due.map(({ intendedAt }) => intendedAt).sort((a, b) => a - b)
    )
    expect(schedule.nextAt).toBe(100)
    expect(schedule.take(99.9)).toEqual([])
    expect(new OpenLoopSchedule([], 0).nextAt).toBe(Infinity)
  })
})

describe("fateOf", () => {
  const ended = (changes: Partial<Ended>): Ended => ({
    method: "GET",
    bodyBytes: 0,
    outcome: "no-response",
    answered: false,
    targetDied: false,
    ...changes
  })

  it.each<[Partial<Ended>, string]>([
    [{ outcome: "ok" }, "ok"],
    [{ outcome: "ok", targetDied: true }, "ok"],
    [{}, "lost"],
    [{ method: "HEAD" }, "lost"],
    [{ method: "DELETE" }, "lost"],
    [{ method: "OPTIONS" }, "lost"],
    [{ method: "PUT", bodyBytes: 65_536 }, "lost"],
    [{ method: "PUT", bodyBytes: 65_537 }, "failed-apart"],
    [{ method: "POST" }, "failed-apart"],
    [{ method: "POST", outcome: "error-status", answered: true }, "failed-apart"],
    [{ outcome: "error-status", answered: true }, "lost"],
    [{ outcome: "wrong-body", answered: true }, "lost"],
    [{ outcome: "timed-out" }, "lost"],
    [{ outcome: "timed-out", answered: true }, "failed-apart"],
    [{ outcome: "cut", answered: true }, "failed-apart"],
    [{ targetDied: true }, "on-dead-node"],
    [{ method: "POST", targetDied: true }, "on-dead-node"]
  ])("%j counts as %s", (changes, fate) => {
    expect(fateOf(ended(changes))).toBe(fate)
  })
})

describe("defaultPlan", () => {
  it("asks for 520 requests a second, at least 10 of them by each service's name", () => {
    const { requests } = defaultPlan()
    expect(requests.reduce((sum, { ratePerS }) => sum + ratePerS, 0)).toBeCloseTo(520)
    const named = requests.filter(({ names }) => names === "service")
    expect(named.map(({ host }) => host)).toEqual(["vvm1", "vvm2", "vvm3", "vvm4", "vvm5", "vvm6"])
    for (const { ratePerS } of named) expect(ratePerS).toBeGreaterThanOrEqual(10)
    expect(new Set(requests.map(({ kind }) => kind)).size).toBe(9)
  })
})
