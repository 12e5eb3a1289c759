/**
 * How long the process at worst did not listen: the longest delay of its event loop in the last minute. Work that is done in one
 * go (planning, a large table) delays everything else, heartbeats included; this tells by how much.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { MetricFamily } from "./PrometheusText.ts"

const windowMillis = 10_000
const windows = 6

/** Resolution of the measurement; it delays nothing. */
const resolutionMillis = 10

export interface EventLoopDelay {
  /** In milliseconds, of the last minute. */
  readonly longestMillis: () => number
  readonly families: (prefix: string) => ReadonlyArray<MetricFamily>
  readonly stop: () => void
}

/** Keeps no process alive. */
export const start = (): EventLoopDelay => {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMillis })
  histogram.enable()
  let past: ReadonlyArray<number> = []
  // The histogram counts in nanoseconds; empty, its maximum is 0.
  const current = () => Math.max(0, histogram.max / 1e6 - resolutionMillis)
  const timer = setInterval(() => {
    past = [...past, current()].slice(1 - windows)
    histogram.reset()
  }, windowMillis)
  timer.unref()
  const longestMillis = () => Math.max(current(), ...past)
  return {
    longestMillis,
    families: (prefix) => [
      {
        name: `${prefix}event_loop_delay_seconds`,
        help: "The longest time in the last minute for which the process did nothing else than one piece of work.",
        type: "gauge",
        samples: [{ labels: {}, value: longestMillis() / 1000 }]
      }
    ],
    stop: () => {
      clearInterval(timer)
      histogram.disable()
    }
  }
}
