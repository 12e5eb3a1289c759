/** A server on a unix socket (or a port) that answers as the test tells it, and keeps what it was sent, byte for byte. */
import * as Http from "node:http"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type EngineEndpoint, unixSocket } from "../src/EngineEndpoint.ts"

export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

export interface FakeEngine {
  readonly endpoint: EngineEndpoint
  readonly received: ReadonlyArray<Received>
  /** Replaces what answers from now on. */
  readonly answer: (handler: Handler) => void
  /** Ends with the next request that this path begins, seen from now on. */
  readonly awaitRequest: (path: string) => Effect.Effect<void>
  /** Ends when a connection that waited for its answer is closed by the client. */
  readonly awaitAborted: Effect.Effect<void>
  /** Open connections are cut. */
  readonly cutConnections: () => void
}

/** `path` has no API version and no query. Without a call of `end` the answer hangs. */
export type Handler = (path: string, response: Http.ServerResponse, request: Received) => void

export const json = (response: Http.ServerResponse, status: number, body: string): void => {
  response.writeHead(status, { "Content-Type": "application/json" })
  response.end(body)
}

export const refuse = (response: Http.ServerResponse, status: number, message: string): void =>
  json(response, status, JSON.stringify({ message }))

export const start = (
  handler: Handler,
  options: { readonly tcp?: boolean; readonly apiVersion?: () => string } = {}
): Effect.Effect<FakeEngine, never, Scope.Scope> =>
  Effect.gen(function* () {
    const received: Array<Received> = []
    const waiting: Array<{ path: string; done: () => void }> = []
    let current = handler
    let onAborted = () => {}
    const aborted = new Promise<void>((resolve) => (onAborted = resolve))
    const server = Http.createServer((request, response) => {
      const chunks: Array<Buffer> = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const { headers, method = "", url = "" } = request
        const entry = { method, url, headers, body: Buffer.concat(chunks).toString("utf8") }
        const path = url.replace(/^\/v[\d.]+/, "").replace(/\?.*$/, "")
        received.push(entry)
        response.setHeader("Api-Version", options.apiVersion?.() ?? "1.43")
        response.setHeader("Server", "Docker/24.0.7 (linux)")
        response.on("close", () => {
          if (!response.writableEnded) onAborted()
        })
        if (path === "/_ping") response.end("OK")
        else current(path, response, entry)
        for (const waiter of waiting.splice(0))
          if (path.startsWith(waiter.path)) waiter.done()
          else waiting.push(waiter)
      })
    })
    const directory = yield* Effect.promise(() => mkdtemp(Path.join(tmpdir(), "evenkeel-engine-")))
    const socket = Path.join(directory, "docker.sock")
    const endpoint = yield* Effect.acquireRelease(
      Effect.async<EngineEndpoint>((resume) => {
        const listening = () => {
          const address = server.address()
          resume(
            Effect.succeed(
              typeof address === "object" && address !== null
                ? { kind: "tcp", host: "127.0.0.1", port: address.port, tls: null }
                : unixSocket(socket)
            )
          )
        }
        if (options.tcp === true) server.listen(0, "127.0.0.1", listening)
        else server.listen(socket, listening)
      }),
      () =>
        Effect.promise(async () => {
          server.closeAllConnections()
          await new Promise((resolve) => server.close(resolve))
          await rm(directory, { recursive: true })
        })
    )
    return {
      endpoint,
      received,
      answer: (handler) => void (current = handler),
      awaitRequest: (path) => Effect.promise(() => new Promise<void>((done) => waiting.push({ path, done }))),
      awaitAborted: Effect.promise(() => aborted),
      cutConnections: () => server.closeAllConnections()
    }
  })
