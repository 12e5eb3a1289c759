import { describe, expect, it } from "vitest"
import { type TimedEntry, TimerWheel } from "../../src/proxy/TimerWheel.ts"

const wheelAt = (start: number) => {
  const clock = { now: start }
  const fired: Array<[string, number]> = []
  const wheel = new TimerWheel(
    () => clock.now,
    100,
    () => undefined
  )
  const entry = (name: string): TimedEntry => ({
    deadline: Infinity,
    wheelTick: -1,
    onDeadline: (now) => void fired.push([name, now])
  })
  const advance = (ms: number) => {
    for (const end = clock.now + ms; clock.now < end;) {
      clock.now += 100
      wheel.advance()
    }
  }
  return { wheel, clock, fired, entry, advance }
}

describe("the timer wheel", () => {
  it("calls each entry once, no earlier than its deadline and less than two ticks later", () => {
    const { wheel, fired, entry, advance } = wheelAt(12_345)
    for (const ms of [1, 99, 100, 101, 5_000, 60_000, 300_000]) wheel.schedule(entry(String(ms)), ms)
    advance(400_000)
    expect(fired.map(([name]) => Number(name))).toEqual([1, 99, 100, 101, 5_000, 60_000, 300_000])
    for (const [name, at] of fired) {
      const late = at - (12_345 + Number(name))
      expect(late).toBeGreaterThanOrEqual(0)
      expect(late).toBeLessThan(200)
    }
  })

  it("follows an entry whose deadline is moved, either way", () => {
    const { wheel, fired, entry, advance } = wheelAt(0)
    const later = entry("later")
    const sooner = entry("sooner")
    wheel.schedule(later, 1_000)
    wheel.schedule(sooner, 50_000)
    advance(500)
    wheel.schedule(later, 10_000)
    wheel.schedule(sooner, 1_000)
    advance(60_000)
    expect(fired).toEqual([
      ["sooner", 1_500],
      ["later", 10_500]
    ])
  })

  it("forgets an entry that is cancelled, and takes it again", () => {
    const { wheel, fired, entry, advance } = wheelAt(0)
    const it = entry("it")
    wheel.schedule(it, 1_000)
    wheel.cancel(it)
    advance(5_000)
    expect(fired).toEqual([])
    wheel.schedule(it, 1_000)
    advance(5_000)
    expect(fired.length).toBe(1)
  })

  it("lets what came in meanwhile be read first when it was itself held up", () => {
    const { wheel, clock, fired, entry } = wheelAt(0)
    wheel.schedule(entry("it"), 500)
    clock.now = 2_000
    wheel.advance()
    expect(fired).toEqual([])
    clock.now = 2_001
    wheel.advance()
    expect(fired.length).toBe(1)
  })
})
