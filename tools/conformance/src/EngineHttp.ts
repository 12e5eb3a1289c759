/** One request to an engine's unix socket, and an event stream; any status is an answer. */
import * as Effect from "effect/Effect"
import { type ClientRequest, request } from "node:http"
import { type EngineAnswer, TargetFailed } from "./Target.ts"

export interface SocketRequest {
  readonly target: string
  readonly socketPath: string
  readonly method: string
  readonly path: string
  readonly body?: string
  /** Default 40,000: the engine itself gives up after 20 seconds. */
  readonly timeoutMillis?: number
}

const defaultTimeoutMillis = 40_000

export const call = (asked: SocketRequest): Effect.Effect<EngineAnswer, TargetFailed> =>
  Effect.async<EngineAnswer, TargetFailed>((resume) => {
    const operation = `${asked.method} ${asked.path}`
    const timeout = asked.timeoutMillis ?? defaultTimeoutMillis
    const fail = (reason: string) => resume(new TargetFailed({ target: asked.target, operation, reason }))
    const sent = request(
      {
        socketPath: asked.socketPath,
        method: asked.method,
        path: asked.path,
        headers: { host: "docker", ...(asked.body === undefined ? {} : { "content-type": "application/json" }) },
        agent: false,
        timeout
      },
      (response) => {
        const parts: Array<Buffer> = []
        response.on("data", (part: Buffer) => parts.push(part))
        response.once("error", (error) => fail(error.message))
        response.once("end", () =>
          resume(Effect.succeed({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") }))
        )
      }
    )
    sent.once("timeout", () => sent.destroy(new Error(`no answer within ${timeout} ms`)))
    sent.once("error", (error) => fail(error.message))
    sent.end(asked.body)
    return Effect.sync(() => sent.destroy())
  })

/** Reads a stream of JSON lines until it is closed by `close`; starts again when the engine ends it. */
export const follow = (
  socketPath: string,
  path: string,
  onLine: (line: string) => void
): { readonly close: () => void } => {
  let current: ClientRequest | undefined
  let closed = false
  const open = () => {
    if (closed) return
    current = request({ socketPath, path, headers: { host: "docker" }, agent: false }, (response) => {
      let rest = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => {
        const lines = (rest + part).split("\n")
        rest = lines.pop() ?? ""
        for (const line of lines) if (line.trim() !== "") onLine(line)
      })
    })
    current.on("error", () => undefined)
    // However it ended, once: two streams would tell everything twice.
    current.once("close", () => setTimeout(open, 200))
    current.end()
  }
  open()
  return {
    close: () => {
      closed = true
      current?.destroy()
    }
  }
}
