/** The measured feed as its parent process sees it. */
import { fork } from "node:child_process"
import { join } from "node:path"
import { end, Missing } from "../Children.ts"
import { cpuTime, isThere, residentBytes } from "../router/Usage.ts"
import type { Answer, Order } from "./FeedProgram.ts"

export interface FeedState {
  readonly routers: number
  readonly cut: number
  readonly sequence: number
}

export interface Feed {
  readonly url: string
  /** Of this many services another task is told. */
  change(services: number): void
  state(): Promise<FeedState>
  readonly cpuSeconds: () => number
  readonly memoryBytes: () => number
  stop(): Promise<void>
}

/** A feed whose table has so many services. Throws `Missing` where the system does not tell what a process costs. */
export const startFeed = async (services: number): Promise<Feed> => {
  if (!isThere(process.pid)) throw new Missing("CPU time and memory are read from /proc, which is not there; use Linux")
  const child = fork(join(import.meta.dirname, "FeedProgram.ts"), [String(services)], {
    execArgv: ["--conditions=@evenkeel/source"],
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  const ended = new Promise<never>((_, reject) =>
    child.once("exit", (code) => reject(new Error(`the feed's process ended with exit code ${code}`)))
  )
  ended.catch(() => undefined)
  const next = () => Promise.race([ended, new Promise<Answer>((resolve) => child.once("message", resolve))])
  const order = (what: Order): void => void child.send(what)
  const first = await next()
  const port = "port" in first ? first.port : 0
  const pids = [child.pid ?? 0]
  return {
    url: `ws://127.0.0.1:${port}/feed`,
    change: (count) => order({ change: count }),
    state: async () => {
      order({ state: true })
      const answer = await next()
      if ("state" in answer) return answer.state
      throw new Error("the feed's process answered something else")
    },
    cpuSeconds: () => cpuTime(pids).seconds,
    memoryBytes: () => residentBytes(pids),
    stop: () => end(child, 0)
  }
}
