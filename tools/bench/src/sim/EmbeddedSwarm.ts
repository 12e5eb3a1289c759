/**
 * An embedded Swarm in a process of its own, spoken to over its real sockets, so that what is measured is what a client of it
 * gets. Knows nothing of what is measured.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import * as http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { end } from "../Children.ts"

const program = join(import.meta.dirname, "../../../../libs/swarm-sim/src/server/main.ts")

/** Until it listens everywhere. */
const startTimeoutMillis = 120_000
const graceMillis = 10_000

export interface Answer {
  readonly text: string
  readonly bytes: number
  readonly firstByteMillis: number
  readonly lastByteMillis: number
}

/** The engine refused, or the process ended; `message` says what was asked and what came back. */
export class SwarmRefused extends Error {
  override readonly name = "SwarmRefused"
}

export interface EmbeddedSwarm {
  readonly pid: number
  /** As DOCKER_HOST names it. */
  readonly managers: ReadonlyArray<string>
  readonly startedMillis: number
  /** A call on the first manager. Rejects with `SwarmRefused` for a status of 400 or more. */
  readonly call: (method: "GET" | "POST", path: string, body?: unknown) => Promise<Answer>
  readonly json: (method: "GET" | "POST", path: string, body?: unknown) => Promise<unknown>
  readonly stop: () => Promise<void>
}

interface Addresses {
  readonly nodes: ReadonlyArray<{ readonly manager: boolean; readonly endpoint: string }>
}

const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ""
    let said = ""
    const late = setTimeout(() => {
      child.kill("SIGKILL")
      reject(new SwarmRefused("the embedded Swarm did not start in time"))
    }, startTimeoutMillis)
    child.stderr?.on("data", (bytes: Buffer) => (said += bytes.toString()))
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes.toString()
      if (!text.includes("\n")) return
      clearTimeout(late)
      resolve(text.slice(0, text.indexOf("\n")))
    })
    child.once("exit", (code) => {
      clearTimeout(late)
      reject(new SwarmRefused(`the embedded Swarm ended with exit code ${code}: ${said.slice(-1_000)}`))
    })
  })

const callOn =
  (socketPath: string) =>
  (method: "GET" | "POST", path: string, body?: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const began = performance.now()
      const text = body === undefined ? undefined : JSON.stringify(body)
      const headers = text === undefined ? {} : { "Content-Type": "application/json" }
      const request = http.request({ socketPath, method, path, headers }, (response) => {
        const chunks: Array<Buffer> = []
        let bytes = 0
        let firstByteMillis = 0
        response.on("data", (chunk: Buffer) => {
          if (bytes === 0) firstByteMillis = performance.now() - began
          bytes += chunk.length
          chunks.push(chunk)
        })
        response.on("error", reject)
        response.on("end", () => {
          const lastByteMillis = performance.now() - began
          const answer = { text: Buffer.concat(chunks).toString("utf8"), bytes, firstByteMillis, lastByteMillis }
          if ((response.statusCode ?? 0) < 400) resolve(answer)
          else reject(new SwarmRefused(`${method} ${path}: ${response.statusCode} ${answer.text.trim()}`))
        })
      })
      request.on("error", reject)
      request.end(text)
    })

/** `speed` 0: its clock is moved by `POST /_sim/advance`. Three managers, or as many as there are nodes. */
export const start = async (options: {
  readonly nodes: number
  readonly speed: number
  readonly seed?: number
}): Promise<EmbeddedSwarm> => {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"))
  const managers = Math.min(3, options.nodes)
  const words = [
    "--nodes",
    options.nodes,
    "--managers",
    managers,
    "--speed",
    options.speed,
    "--seed",
    options.seed ?? 1
  ]
  const began = performance.now()
  const child = spawn(
    process.execPath,
    ["--conditions=@evenkeel/source", program, ...words.map(String), "--sockets", folder],
    { stdio: ["ignore", "pipe", "pipe"] }
  )
  const stop = async () => {
    await end(child, graceMillis)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const { nodes } = JSON.parse(await firstLine(child)) as Addresses
    const startedMillis = performance.now() - began
    const endpoints = nodes.filter(({ manager }) => manager).map(({ endpoint }) => endpoint)
    const call = callOn((endpoints[0] ?? "").replace(/^unix:\/\//, ""))
    const json = async (method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> =>
      JSON.parse((await call(method, path, body)).text) as unknown
    return { pid: child.pid ?? 0, managers: endpoints, startedMillis, call, json, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
