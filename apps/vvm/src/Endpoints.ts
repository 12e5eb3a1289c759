/**
 * The VVM's endpoints: which path and method do what, and what they refuse. Each answer names the task in its head; bodies of
 * known length carry their digest.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { digestOf, echo, largestBody, measureBody, pseudoRandomBytes, sendBytes } from "./Bodies.ts"
import type { Calls } from "./Calls.ts"
import type { Streams } from "./Streams.ts"
import type { VvmMetrics } from "./VvmMetrics.ts"
import { durationMs, type VvmIdentity } from "./VvmOptions.ts"

/** What the endpoints work on. */
export interface Workload {
  readonly identity: VvmIdentity
  readonly metrics: VvmMetrics
  readonly calls: Calls
  readonly streams: Streams
  /** False after `POST /admin/unhealthy`. */
  healthy: boolean
  /** True from the start of `close`. */
  draining: boolean
  /** Grows by `rate` with each request to `/fail`; every whole number passed is one failure. */
  failureDebt: number
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly query: URLSearchParams
  readonly workload: Workload
}

interface Endpoint {
  /** The methods it serves; all of them where absent. */
  readonly methods?: ReadonlyArray<string>
  readonly serve: (exchange: Exchange) => void | Promise<void>
}

class QueryInvalid extends Error {
  override readonly name = "QueryInvalid"
}

const numberIn = (query: URLSearchParams, name: string, fallback: number, least: number, most: number): number => {
  const text = query.get(name)
  if (text === null) return fallback
  const value = Number(text)
  if (text === "" || !(value >= least && value <= most)) {
    throw new QueryInvalid(`${name}: expected a number from ${least} to ${most}, got "${text}"`)
  }
  return value
}

const wholeIn = (query: URLSearchParams, name: string, fallback: number, least: number, most: number): number =>
  Math.trunc(numberIn(query, name, fallback, least, most))

const sendJson = (response: ServerResponse, status: number, value: unknown): void => {
  if (response.destroyed || response.headersSent) return
  const body = `${JSON.stringify(value)}\n`
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    digest: digestOf(body)
  })
  response.end(body)
}

const reading = ["GET", "HEAD"]

const root: Endpoint = {
  methods: [...reading, "OPTIONS"],
  serve: ({ request, response, workload }) => {
    if (request.method === "OPTIONS") {
      response.writeHead(204, { allow: "GET, HEAD, OPTIONS" }).end()
      return
    }
    sendJson(response, 200, { ...workload.identity, host: request.headers.host, via: request.headers.via })
  }
}

const bytes: Endpoint = {
  methods: reading,
  serve: ({ query, request, response }) =>
    sendBytes(response, {
      length: wholeIn(query, "n", 1024, 0, largestBody),
      seed: wholeIn(query, "seed", 1, 0, 0xffffffff),
      chunked: query.get("chunked") === "1",
      head: request.method === "HEAD"
    })
}

const upload: Endpoint = {
  methods: ["PUT", "POST"],
  serve: async ({ request, response, workload }) => {
    const measured = await measureBody(request)
    sendJson(response, 200, { ...workload.identity, ...measured })
  }
}

const sse: Endpoint = {
  methods: ["GET"],
  serve: ({ query, request, response, workload }) => {
    const every = query.get("every") ?? "1s"
    const everyMs = durationMs(every)
    if (everyMs === undefined || everyMs < 1 || everyMs > 3_600_000) {
      throw new QueryInvalid(`every: expected a duration from 1ms to 60m, got "${every}"`)
    }
    const last = Number(request.headers["last-event-id"] ?? 0)
    workload.streams.openSse(response, {
      everyMs,
      count: wholeIn(query, "count", 0, 0, Number.MAX_SAFE_INTEGER),
      lastEventId: Number.isSafeInteger(last) && last > 0 ? last : 0
    })
  }
}

const slow: Endpoint = {
  serve: ({ query, request, response, workload }) => {
    request.resume()
    const timer = setTimeout(() => sendJson(response, 200, workload.identity), numberIn(query, "ms", 1000, 0, 600_000))
    response.once("close", () => clearTimeout(timer))
  }
}

const fail: Endpoint = {
  serve: ({ query, request, response, workload }) => {
    request.resume()
    const status = wholeIn(query, "status", 503, 400, 599)
    workload.failureDebt += numberIn(query, "rate", 1, 0, 1)
    const failing = workload.failureDebt >= 1
    if (failing) workload.failureDebt -= 1
    sendJson(response, failing ? status : 200, workload.identity)
  }
}

const abort: Endpoint = {
  serve: ({ query, request, response }) => {
    const after = wholeIn(query, "after", 0, 0, largestBody)
    const drop = (): void => void request.socket.resetAndDestroy()
    if (after === 0) return drop()
    // More is promised than will come. A reset at once would overtake the bytes; it follows when they are on their way.
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": after + 1 })
    const body = Buffer.concat([...pseudoRandomBytes(after, 1)])
    response.write(body, () => setImmediate(drop))
  }
}

const call: Endpoint = {
  methods: ["GET"],
  serve: async ({ query, request, response, workload }) => {
    const gone = new AbortController()
    response.once("close", () => gone.abort())
    const traceparent = request.headers["traceparent"]
    const { body, status } = await workload.calls.call(
      {
        service: query.get("service") ?? "",
        path: query.get("path") ?? "/",
        depth: Number(request.headers["vvm-depth"] ?? 0) || 0,
        traceparent: typeof traceparent === "string" ? traceparent : undefined
      },
      gone.signal
    )
    sendJson(response, status, body)
  }
}

const healthz: Endpoint = {
  methods: reading,
  serve: ({ response, workload }) =>
    sendJson(response, workload.healthy ? 200 : 503, { status: workload.healthy ? "ok" : "unhealthy" })
}

const setHealth = (healthy: boolean): Endpoint => ({
  methods: ["POST"],
  serve: ({ request, response, workload }) => {
    request.resume()
    workload.healthy = healthy
    sendJson(response, 200, { healthy })
  }
})

const metrics: Endpoint = {
  methods: reading,
  serve: ({ response, workload }) => {
    const body = workload.metrics.render(workload)
    response.writeHead(200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "content-length": Buffer.byteLength(body)
    })
    response.end(body)
  }
}

const webSocket: Endpoint = {
  serve: ({ request, response }) => {
    request.resume()
    response.setHeader("upgrade", "websocket")
    sendJson(response, 426, { error: "/ws speaks WebSocket only; ask for Upgrade: websocket" })
  }
}

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ["/", root],
  ["/bytes", bytes],
  ["/echo", { serve: ({ request, response }) => echo(request, response) }],
  ["/upload", upload],
  ["/sse", sse],
  ["/ws", webSocket],
  ["/slow", slow],
  ["/fail", fail],
  ["/abort", abort],
  ["/call", call],
  ["/healthz", healthz],
  ["/admin/unhealthy", setHealth(false)],
  ["/admin/healthy", setHealth(true)],
  ["/metrics", metrics]
])

/** Serves one request; every way it can end, a client that went away included, is counted once. */
export const serve = (request: IncomingMessage, response: ServerResponse, workload: Workload): void => {
  const startedAt = performance.now()
  const { identity, metrics: counters } = workload
  const url = URL.parse(request.url ?? "/", "http://vvm")
  const endpoint = url === null ? undefined : endpoints.get(url.pathname)
  const name = endpoint === undefined || url === null ? "unknown" : url.pathname
  counters.inFlight++
  response.once("close", () => {
    counters.inFlight--
    counters.ended(name, response.writableFinished ? response.statusCode : 0, performance.now() - startedAt)
  })
  response.setHeader("vvm-service", identity.service)
  response.setHeader("vvm-task", identity.task)
  response.setHeader("vvm-node", identity.node)
  response.setHeader("vvm-slot", identity.slot)
  if (workload.draining) response.setHeader("connection", "close")
  if (endpoint === undefined || url === null) {
    request.resume()
    sendJson(response, 404, { error: `no such endpoint; there are ${[...endpoints.keys()].join(" ")}` })
    return
  }
  if (endpoint.methods !== undefined && !endpoint.methods.includes(request.method ?? "")) {
    request.resume()
    response.setHeader("allow", endpoint.methods.join(", "))
    sendJson(response, 405, { error: `${url.pathname} takes ${endpoint.methods.join(", ")}` })
    return
  }
  run(endpoint, { request, response, query: url.searchParams, workload })
}

const run = (endpoint: Endpoint, exchange: Exchange): void => {
  const failed = (cause: unknown): void => {
    if (cause instanceof QueryInvalid) sendJson(exchange.response, 400, { error: cause.message })
    // Everything else is a connection that ended under way: nothing is left to tell, and no half answer may look whole.
    else exchange.response.destroy()
  }
  try {
    const done = endpoint.serve(exchange)
    if (done !== undefined) done.catch(failed)
  } catch (cause) {
    failed(cause)
  }
}
