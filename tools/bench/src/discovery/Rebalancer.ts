/** The rebalancer's bundle as a process that observes: started, asked for its metrics, ended. */
import { join } from "node:path"
import { startBundle } from "../Bundle.ts"
import { end, freePorts } from "../Children.ts"

const defaultBundle = join(import.meta.dirname, "../../../../dist/apps/rebalancer/main.mjs")
const readyWithinMs = 120_000
const graceMs = 15_000

export interface Rebalancer {
  readonly pid: number
  readonly feedUrl: string
  /** Readings of the Swarm so far, by result. */
  readonly readings: () => Promise<Readings>
  /** The longest time in the last minute for which its event loop did not turn, in milliseconds. */
  readonly eventLoopDelayMillis: () => Promise<number>
  readonly stop: () => Promise<void>
}

export interface Readings {
  readonly read: number
  readonly failed: number
}

/** The counter `evenkeel_rebalancer_readings_total` of a page of metrics. */
export const readingsOf = (metrics: string): Readings => {
  const of = (result: string) =>
    Number(
      new RegExp(`^evenkeel_rebalancer_readings_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`, "m").exec(
        metrics
      )?.[1] ?? 0
    )
  return { read: of("read"), failed: of("failed") }
}

/** The gauge `evenkeel_rebalancer_event_loop_delay_seconds`, in milliseconds. */
export const delayOf = (metrics: string): number =>
  Number(/^evenkeel_rebalancer_event_loop_delay_seconds(?:\{\})? (\S+)/m.exec(metrics)?.[1] ?? Number.NaN) * 1_000

/** Throws `Missing` without a bundle. With NODE_OPTIONS it can be profiled: `--cpu-prof --cpu-prof-dir=…`. */
export const start = async (dockerHost: string, path = defaultBundle): Promise<Rebalancer> => {
  const [port = 0, adminPort = 0] = await freePorts(2)
  const settings = {
    DOCKER_HOST: dockerHost,
    EVENKEEL_REBALANCER_HOST: "127.0.0.1",
    EVENKEEL_REBALANCER_PORT: String(port),
    EVENKEEL_REBALANCER_ADMIN_HOST: "127.0.0.1",
    EVENKEEL_REBALANCER_ADMIN_PORT: String(adminPort),
    EVENKEEL_REBALANCER_MODE: "observe"
  }
  const { admin, process: child } = await startBundle({ app: "rebalancer", path, adminPort, settings, readyWithinMs })
  const metrics = async () => await (await fetch(`${admin}/metrics`)).text()
  return {
    pid: child.pid ?? 0,
    feedUrl: `ws://127.0.0.1:${port}/feed`,
    readings: async () => readingsOf(await metrics()),
    eventLoopDelayMillis: async () => delayOf(await metrics()),
    stop: () => end(child, graceMs)
  }
}
