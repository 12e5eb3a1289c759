import { describe, expect, it } from "@effect/vitest"
import { setTimeout as sleep } from "node:timers/promises"
import * as EventLoopDelay from "../src/EventLoopDelay.ts"
import * as PrometheusText from "../src/PrometheusText.ts"

/** Keeps the process busy. */
const block = (millis: number) => {
  for (const until = performance.now() + millis; performance.now() < until;);
}

describe("the event loop's delay", () => {
  it("is at least as long as what blocked it, and is told in seconds", async () => {
    const delay = EventLoopDelay.start()
    // It begins with its first tick: what blocked before that is not seen.
    do {
      await sleep(20)
      block(200)
      await sleep(20)
    } while (delay.longestMillis() < 150)
    const [family] = delay.families("evenkeel_test_")
    expect(family?.name).toBe("evenkeel_test_event_loop_delay_seconds")
    expect(PrometheusText.render(family === undefined ? [] : [family])).toMatch(/_seconds (0\.(1[5-9]|[2-9])|[1-9])/)
    delay.stop()
  })
})
