/** The deployed bundle of the rebalancer as a process on the socket of one simulated manager; killed and started as a drill asks. */
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { get } from "node:http"
import { createServer, type AddressInfo } from "node:net"
import { join } from "node:path"
import type { Brakes } from "../Drill.ts"

export interface RebalancerOptions {
  readonly node: string
  readonly socketPath: string
  /** `main.mjs` of the bundle. */
  readonly bundle: string
  readonly logFile: string
  readonly brakes: Brakes
  /** Windows are seconds of the Swarm; the process lives in time so many times slower. */
  readonly speed: number
}

export interface RebalancerProcess {
  readonly node: string
  readonly start: Effect.Effect<void>
  readonly kill: Effect.Effect<void>
  /** The text of its metrics page; empty where it does not answer. */
  readonly metrics: Effect.Effect<string>
}

const leash = join(import.meta.dirname, "..", "Leash.ts")

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Cool-down and task age are none: they compare the Swarm's times, which run ahead, with the clock of this machine. */
const environment = (options: RebalancerOptions, port: number, adminPort: number): Record<string, string> => {
  const window = (seconds: number) => `${Math.round((seconds * 1000) / options.speed)}ms`
  const { brakes } = options
  return {
    DOCKER_HOST: `unix://${options.socketPath}`,
    EVENKEEL_REBALANCER_MODE: "act",
    EVENKEEL_REBALANCER_HOST: "127.0.0.1",
    EVENKEEL_REBALANCER_PORT: String(port),
    EVENKEEL_REBALANCER_ADMIN_HOST: "127.0.0.1",
    EVENKEEL_REBALANCER_ADMIN_PORT: String(adminPort),
    EVENKEEL_REBALANCER_STABILISATION: window(brakes.stabilisation),
    EVENKEEL_REBALANCER_STABILITY: window(5),
    EVENKEEL_REBALANCER_MOVE_DEADLINE: window(120),
    EVENKEEL_REBALANCER_CYCLE: window(300),
    EVENKEEL_REBALANCER_UNDONE_BACK_OFF: window(30),
    EVENKEEL_REBALANCER_COOL_DOWN: "0s",
    EVENKEEL_REBALANCER_TASK_AGE: "0s",
    EVENKEEL_REBALANCER_QUARANTINE_FLAPS: String(brakes.quarantineFlaps),
    EVENKEEL_REBALANCER_QUARANTINE: window(brakes.quarantine)
  }
}

/** Not started yet; ends with the scope. */
export const make = Effect.fn("RebalancerProcess.make")(function* (options: RebalancerOptions) {
  const port = yield* freePort
  const adminPort = yield* freePort
  const env = environment(options, port, adminPort)
  let child: ChildProcess | null = null
  const start = Effect.sync(() => {
    if (child !== null) return
    const log = openSync(options.logFile, "a")
    const started = spawn(process.execPath, ["--import", leash, options.bundle], { env, stdio: ["pipe", log, log] })
    closeSync(log)
    started.once("exit", () => (child = child === started ? null : child))
    child = started
  })
  const kill = Effect.async<void>((resume) => {
    const running = child
    if (running === null) return resume(Effect.void)
    running.once("exit", () => resume(Effect.void))
    running.kill("SIGKILL")
  })
  yield* Effect.addFinalizer(() => kill)
  const metrics = Effect.async<string>((resume) => {
    const asked = get(
      { host: "127.0.0.1", port: adminPort, path: "/metrics", agent: false, timeout: 1_000 },
      (answer) => {
        let text = ""
        answer.setEncoding("utf8")
        answer.on("data", (part: string) => (text += part))
        answer.on("error", () => resume(Effect.succeed("")))
        answer.on("end", () => resume(Effect.succeed(text)))
      }
    )
    asked.on("timeout", () => asked.destroy())
    asked.on("error", () => resume(Effect.succeed("")))
  })
  return { node: options.node, start, kill, metrics } satisfies RebalancerProcess
})
