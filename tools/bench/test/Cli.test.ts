import { describe, expect, it } from "vitest"
import { childrenCpuMillis, type Measured, median } from "../src/cli/Measure.ts"
import { gate, lines, passes, ratioOf } from "../src/cli/Report.ts"

const of = (name: string, medianMillis: number): Measured => ({
  ...{ name, runs: 3, medianMillis, leastMillis: medianMillis - 1, cpuMillis: null }
})

describe("bench:cli", () => {
  it("is judged by the ratio of evenkeel version to node -e 0", () => {
    const base = of("node -e 0", 20)
    const measured = (millis: number) => [base, of("evenkeel version", millis), of("evenkeel --help", 900)]
    expect(passes(measured(20 * gate))).toBe(true)
    expect(passes(measured(20 * gate + 1))).toBe(false)
    expect(passes([base])).toBe(false)
    expect(ratioOf(measured(45), of("", 45))).toBe(2.25)
    expect(lines(measured(45)).at(-1)).toBe("evenkeel version: 2.25×, gate 2.5×: holds, aim 2×: missed")
  })

  it("takes the middle of the runs", () => {
    expect([median([9, 1, 5]), median([4, 1, 2, 9])]).toEqual([5, 3])
    expect(median([])).toBeNaN()
  })

  it("reads the CPU time of children that have ended", () => {
    const stat = "12 (a (b) c) S 1 12 12 0 -1 4194304 99 7000 0 0 3 4 150 25 20 0 1 0 5 6 7"
    expect(childrenCpuMillis(stat)).toBe(1_750)
  })
})
