/**
 * One request of the load, from its first byte to its one outcome. Never retries: what a client without retries sees is what
 * is measured.
 */
import * as http from "node:http"
import type { Outcome } from "./Outcome.ts"
import type { Payload } from "./Payload.ts"
import type { Target } from "./TargetPool.ts"

/** How a request went; times in milliseconds on the caller's clock. */
export interface RequestResult {
  readonly outcome: Outcome
  readonly firstByteAt: number | undefined
  readonly endAt: number
  readonly status: number | undefined
  /** What went wrong, for people. */
  readonly detail: string | undefined
  /** The router's `Evenkeel-Reason`. */
  readonly reason: string | undefined
  /** How long the router held the request for want of a task (`Evenkeel-Held-Ms`); 0 where it did not. */
  readonly heldMs: number
  /** How often the router tried (`Evenkeel-Tries`); 1 where it does not say. */
  readonly tries: number
  /** The node of the task that answered. */
  readonly node: string | undefined
}

/** The size of the pieces a chunked body is sent in. */
const pieceBytes = 16 * 1024

const one = (field: string | ReadonlyArray<string> | undefined): string | undefined =>
  typeof field === "string" ? field : field?.[0]

const numberOf = (field: string | ReadonlyArray<string> | undefined, fallback: number): number => {
  const value = Number(one(field) ?? fallback)
  return Number.isFinite(value) ? value : fallback
}

/** Sends `payload` with `host` as its `Host` to `target`; calls `done` exactly once. */
export const sendRequest = (
  options: {
    readonly payload: Payload
    readonly host: string
    readonly target: Target
    readonly timeoutMs: number
    readonly now: () => number
  },
  done: (result: RequestResult) => void
): void => {
  const { host, now, payload, target, timeoutMs } = options
  const { body, method, path } = payload
  const headers: http.OutgoingHttpHeaders = { host }
  if (body !== undefined) {
    headers["content-type"] = "application/octet-stream"
    if (payload.chunked) headers["transfer-encoding"] = "chunked"
    else headers["content-length"] = body.length
  }
  let response: http.IncomingMessage | undefined
  let firstByteAt: number | undefined
  let settled = false
  const settle = (outcome: Outcome, detail: string | undefined): void => {
    if (settled) return
    settled = true
    clearTimeout(timer)
    const fields = response?.headers ?? {}
    done({
      outcome,
      firstByteAt,
      endAt: now(),
      status: response?.statusCode,
      detail,
      reason: one(fields["evenkeel-reason"]),
      heldMs: Math.max(0, numberOf(fields["evenkeel-held-ms"], 0)),
      tries: Math.max(1, numberOf(fields["evenkeel-tries"], 1)),
      node: one(fields["vvm-node"])
    })
  }
  const broken = (error: Error): void => {
    const detail = "code" in error ? `${String(error.code)}: ${error.message}` : error.message
    const connection = request.reusedSocket ? " on a connection used before" : ""
    settle(firstByteAt === undefined ? "no-response" : "cut", detail + connection)
  }
  const request = http.request({ host: target.host, port: target.port, agent: target.agent, method, path, headers })
  const timer = setTimeout(() => {
    settle("timed-out", `no whole answer within ${timeoutMs} ms`)
    request.destroy()
  }, timeoutMs)
  request.on("error", broken)
  // An interim answer (1xx) is a byte of a response, too.
  request.once("information", () => (firstByteAt ??= now()))
  request.once("response", (incoming) => {
    response = incoming
    firstByteAt ??= now()
    const chunks: Array<Buffer> = []
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
    incoming.on("error", broken)
    incoming.once("end", () => {
      if (!incoming.complete) return settle("cut", "the connection closed in the middle of the response")
      const answer = {
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        trailers: incoming.trailers,
        body: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
      }
      if (answer.status !== payload.expectedStatus) {
        const said = answer.body.toString("utf8", 0, 200).trim()
        return settle("error-status", `status ${answer.status}${said === "" ? "" : `: ${said}`}`)
      }
      const wrong = payload.wrongWith(answer)
      settle(wrong === undefined ? "ok" : "wrong-body", wrong)
    })
  })
  // A connection that ends without an error and without an answer.
  request.once("close", () => settle(firstByteAt === undefined ? "no-response" : "cut", "the connection closed"))
  if (body === undefined) request.end()
  else if (payload.chunked) {
    for (let at = 0; at < body.length; at += pieceBytes) request.write(body.subarray(at, at + pieceBytes))
    request.end()
  } else request.end(body)
}
