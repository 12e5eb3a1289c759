import { describe, expect, it } from "vitest"
import type { Measured } from "../src/cli/Measure.ts"
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
})
