/** WebSocket load, made by a program of its own so that it runs on the core of the load. This side starts it and reads it. */
import { spawn } from "node:child_process"
import { join } from "node:path"
import { pinned, run } from "./Pinned.ts"

const program = join(import.meta.dirname, "SocketProgram.ts")

export interface PingPong {
  readonly messages: number
  readonly seconds: number
  /** Messages that did not come back as they were sent. */
  readonly wrong: number
}

/** Each connection sends 100 bytes, waits for them to come back, and sends again. */
export const pingPong = async (job: {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  readonly core: number
}): Promise<PingPong> => {
  const args = [program, "ping", String(job.port), String(job.connections), String(job.seconds)]
  return JSON.parse(await run(job.core, process.execPath, args)) as PingPong
}

/**
 * Opens `count` connections that stay idle, calls `during` with how many are open, and ends them. Connections that the
 * proxy does not take make the number smaller.
 */
export const holdIdle = async <A>(
  job: { readonly port: number; readonly count: number; readonly core: number },
  during: (open: number) => Promise<A>
): Promise<A> => {
  const args = [process.execPath, program, "hold", String(job.port), String(job.count)]
  const child = spawn("sh", ["-c", pinned, String(job.core), ...args], { stdio: ["pipe", "pipe", "inherit"] })
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  try {
    const open = await new Promise<number>((resolve, reject) => {
      child.stdout.once("data", (bytes: Buffer) => resolve(Number(bytes.toString())))
      child.once("close", () => reject(new Error("the program that holds WebSockets ended")))
    })
    return await during(open)
  } finally {
    child.stdin.end()
    await ended
  }
}
