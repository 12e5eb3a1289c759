/**
 * A task as a process of its own: one of the bundles, told its addresses and windows by the environment. Started when it says
 * that it is ready; cut off by stopping the process, killed with the node. Which variables it gets is `TaskSettings`' matter.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { get } from "node:http"
import type { RunningWorkload } from "@evenkeel/swarm-sim/runtime/Workload"

export interface Program {
  /** For messages and the log's name. */
  readonly name: string
  readonly main: string
  readonly args: ReadonlyArray<string>
  readonly logFile: string
  readonly env: Readonly<Record<string, string>>
  /** Its readiness page. */
  readonly readyUrl: string
  /** Where its task is reached. */
  readonly port: number
}

const leash = new URL("./Leash.ts", import.meta.url).href
const askAgainMs = 100
/** Longer than a router waits for its first table. */
const patienceMs = 45_000

const alive = new Set<ChildProcess>()

/** Kills all at once; also those that are stopped. */
export const killAll = (): void => {
  for (const child of alive) child.kill("SIGKILL")
}

const isReady = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 1_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.once("timeout", () => request.destroy())
    request.once("error", () => resolve(false))
  })

const start = ({ args, env, logFile, main }: Program): ChildProcess => {
  const log = openSync(logFile, "a")
  try {
    const child = spawn(process.execPath, ["--import", leash, main, ...args], { env, stdio: ["pipe", log, log] })
    alive.add(child)
    child.once("exit", () => alive.delete(child))
    return child
  } finally {
    closeSync(log)
  }
}

/** Rejects where it ends before it is ready. */
export const run = async (program: Program): Promise<RunningWorkload> => {
  const child = start(program)
  let isOver = false
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127))
    child.once("exit", (code) => resolve(code ?? 137))
  }).then((code) => {
    isOver = true
    return code
  })
  const giveUpAt = performance.now() + patienceMs
  while (!(await isReady(program.readyUrl))) {
    if (isOver) throw new Error(`${program.name} ended as it started; see ${program.logFile}`)
    if (performance.now() > giveUpAt) {
      child.kill("SIGKILL")
      throw new Error(`${program.name} was not ready within ${patienceMs / 1000} s; see ${program.logFile}`)
    }
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, askAgainMs))])
  }
  return {
    port: program.port,
    close: async () => {
      child.kill("SIGTERM")
      await ended
    },
    destroy: () => void child.kill("SIGKILL"),
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    ended
  }
}
