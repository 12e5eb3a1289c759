/** The rebalancer's bundle as a process that observes: started, asked for its metrics, ended. */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { freePorts, Missing } from "../router/Children.ts"

const defaultBundle = join(import.meta.dirname, "../../../../dist/apps/rebalancer/main.mjs")
const readyTimeoutMillis = 120_000

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

/** Throws `Missing` without a bundle, or when it is not ready in time. */
export const start = async (dockerHost: string, bundle = defaultBundle): Promise<Rebalancer> => {
  if (!existsSync(bundle)) throw new Missing(`${bundle} is missing: npx nx run rebalancer:build`)
  const [port = 0, adminPort = 0] = await freePorts(2)
  const child = spawn(process.execPath, [bundle], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env["PATH"],
      // So that it can be profiled: `--cpu-prof --cpu-prof-dir=…`.
      NODE_OPTIONS: process.env["NODE_OPTIONS"],
      DOCKER_HOST: dockerHost,
      EVENKEEL_REBALANCER_HOST: "127.0.0.1",
      EVENKEEL_REBALANCER_PORT: String(port),
      EVENKEEL_REBALANCER_ADMIN_HOST: "127.0.0.1",
      EVENKEEL_REBALANCER_ADMIN_PORT: String(adminPort),
      EVENKEEL_REBALANCER_MODE: "observe"
    }
  })
  let said = ""
  child.stderr.on("data", (bytes: Buffer) => (said = `${said}${bytes.toString()}`.slice(-2_000)))
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stop = () =>
    new Promise<void>((resolve) => {
      if (hasEnded()) return resolve()
      const hard = setTimeout(() => child.kill("SIGKILL"), 15_000)
      child.once("exit", () => {
        clearTimeout(hard)
        resolve()
      })
      child.kill("SIGTERM")
    })
  const admin = `http://127.0.0.1:${adminPort}`
  const metrics = async () => await (await fetch(`${admin}/metrics`)).text()
  const readings = async () => readingsOf(await metrics())
  const eventLoopDelayMillis = async () => delayOf(await metrics())
  const until = performance.now() + readyTimeoutMillis
  for (;;) {
    const isReady = await fetch(`${admin}/readyz`).then(
      ({ ok }) => ok,
      () => false
    )
    if (isReady) {
      const feedUrl = `ws://127.0.0.1:${port}/feed`
      return { pid: child.pid ?? 0, feedUrl, readings, eventLoopDelayMillis, stop }
    }
    if (hasEnded() || performance.now() > until) {
      await stop()
      throw new Missing(`the rebalancer is not ready: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
