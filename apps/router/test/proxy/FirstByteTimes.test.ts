import { describe, expect, it } from "vitest"
import { FirstByteTimes } from "../../src/proxy/FirstByteTimes.ts"

describe("FirstByteTimes", () => {
  it("knows nothing of few requests", () => {
    const times = new FirstByteTimes()
    for (let i = 0; i < 19; i++) times.note(5)
    expect(times.p95(0)).toBe(Infinity)
    times.note(5)
    expect(times.p95(1)).toBe(5)
  })

  it("tells the time that 19 of 20 needed at most, of the latest only", () => {
    const times = new FirstByteTimes()
    for (let ms = 100; ms >= 1; ms--) times.note(ms)
    expect(times.p95(0)).toBe(95)
    for (let i = 0; i < 512; i++) times.note(7)
    expect(times.p95(999)).toBe(95)
    expect(times.p95(1_000)).toBe(7)
  })
})
