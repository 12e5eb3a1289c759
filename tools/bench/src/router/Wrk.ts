/** Closed-loop load by wrk: one thread, so many connections, as fast as the answers come. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { run } from "./Pinned.ts"

export interface WrkJob {
  readonly connections: number
  readonly seconds: number
  readonly port: number
  readonly path: string
  readonly method?: "GET" | "POST"
  readonly bodyBytes?: number
  /** A connection for each request. */
  readonly close?: boolean
}

export interface WrkResult {
  readonly requests: number
  readonly seconds: number
  /** All bytes received, heads included. */
  readonly bytes: number
  /** Connections that failed, reads, writes and time-outs. */
  readonly errors: number
  /** Responses with a status of 400 or more. */
  readonly badStatus: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const script = (job: WrkJob): string => `
wrk.method = "${job.method ?? "GET"}"
wrk.headers["Host"] = "bench"
${job.close === true ? `wrk.headers["Connection"] = "close"` : ""}
${job.bodyBytes === undefined ? "" : `wrk.body = string.rep("x", ${job.bodyBytes})`}
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    "RESULT {\\"requests\\":%d,\\"us\\":%d,\\"bytes\\":%.0f,\\"errors\\":%d,\\"badStatus\\":%d,\\"p50us\\":%.0f,\\"p99us\\":%.0f}\\n",
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50), latency:percentile(99)))
end
`

/** Of wrk's output with the script above. Throws when the line is not there. */
export const parseResult = (output: string): WrkResult => {
  const json = /^RESULT (\{.*\})$/m.exec(output)?.[1]
  if (json === undefined) throw new Error(`wrk gave no result: ${output.slice(-500)}`)
  const raw = JSON.parse(json) as Record<
    "requests" | "us" | "bytes" | "errors" | "badStatus" | "p50us" | "p99us",
    number
  >
  return {
    requests: raw.requests,
    seconds: raw.us / 1e6,
    bytes: raw.bytes,
    errors: raw.errors,
    badStatus: raw.badStatus,
    p50Ms: raw.p50us / 1e3,
    p99Ms: raw.p99us / 1e3
  }
}

/** Runs `job` on `core`; `folder` takes its script. */
export const wrk = async (job: WrkJob, core: number, folder: string): Promise<WrkResult> => {
  const file = join(folder, "job.lua")
  writeFileSync(file, script(job))
  const url = `http://127.0.0.1:${job.port}${job.path}`
  const args = ["-t1", `-c${job.connections}`, `-d${Math.ceil(job.seconds)}s`, "--timeout", "10s", "-s", file, url]
  return parseResult(await run(core, "wrk", args))
}
