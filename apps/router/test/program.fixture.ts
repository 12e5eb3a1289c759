/** The router's program as a process of its own, on ports that the system chooses. It ends with the test. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterwards } from "./proxy/support/Bench.ts"

const main = join(import.meta.dirname, "../src/main.ts")

export const run = (args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, ["--conditions=@evenkeel/source", main, ...args], {
    env: {
      PATH: process.env["PATH"],
      EVENKEEL_ROUTER_HOST: "127.0.0.1",
      EVENKEEL_ROUTER_PORT: "0",
      EVENKEEL_ROUTER_ADMIN_HOST: "127.0.0.1",
      EVENKEEL_ROUTER_ADMIN_PORT: "0",
      EVENKEEL_ROUTER_HEARTBEAT_PORT: "0",
      ...environment
    },
    stdio: ["ignore", "pipe", "pipe"]
  })
  afterwards(() => void child.kill("SIGKILL"))
  let stdout = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  const seen: Array<string> = []
  const log = createInterface({ input: child.stderr })
  const waiting = new Set<() => void>()
  log.on("line", (line) => {
    seen.push(line)
    for (const wake of waiting) wake()
  })
  const ended = once(child, "close").then(([code]) => ({
    code: code as number | null,
    stdout,
    stderr: seen.join("\n")
  }))
  /** The first log line with this message, past or to come. */
  const logged = (message: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      const look = () => {
        const line = seen.find((one) => one.includes(`"message":"${message}"`))
        if (line === undefined) return
        waiting.delete(look)
        resolve(JSON.parse(line) as Record<string, unknown>)
      }
      waiting.add(look)
      void ended.then(() => reject(new Error(`ended without "${message}":\n${seen.join("\n")}`)))
      look()
    })
  return { child, ended, logged, stdout: () => stdout }
}
