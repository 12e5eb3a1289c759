/**
 * The small HTTP server beside every service: `/healthz` (the process runs), `/readyz` (it can do its work; 503 with reasons
 * otherwise), `/metrics`, and routes that the app adds. Plain node:http underneath, or node:https, whose server is handed out so
 * that the feed can take WebSocket upgrades on the same port. Answers are small values, never streams; it checks no token itself.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import * as https from "node:https"
import { contentType as metricsContentType } from "./PrometheusText.ts"

/** Represents an address that cannot be listened on. */
export class AdminServerFailed extends Schema.TaggedError<AdminServerFailed>()("AdminServerFailed", {
  host: Schema.String,
  port: Schema.Int,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot listen on ${this.host}:${this.port} (${this.reason}); free the port or choose another one`
  }
}

/** Whether the program can do its work; `reasons` say why not, one short sentence each. */
export interface Readiness {
  readonly ready: boolean
  readonly reasons: ReadonlyArray<string>
}

export interface AdminRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage["headers"]
  /** The whole body as UTF-8, at most 1 MiB. */
  readonly body: string
}

export interface AdminResponse {
  readonly status: number
  /** Default: `text/plain; charset=utf-8`. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

export type AdminHandler<R> = (request: AdminRequest) => Effect.Effect<AdminResponse, never, R>

export interface AdminServerOptions<R> {
  /** `0.0.0.0` for all addresses. */
  readonly host: string
  /** 0 lets the system choose; the result tells which. */
  readonly port: number
  /** PEM under which it is served over TLS (1.2 or later); null or absent: plainly. */
  readonly tls?: { readonly cert: string; readonly key: string } | null
  readonly readiness: Effect.Effect<Readiness, never, R>
  /** The exposition text, see `PrometheusText.render`. */
  readonly metrics: Effect.Effect<string, never, R>
  /** `"GET /routes"` → handler; HEAD is answered by GET's. The path is matched whole, without the query. */
  readonly routes?: Readonly<Record<string, AdminHandler<R>>>
  /** Whether `/healthz`, `/readyz` and `/metrics` are served here too. Default: yes. */
  readonly ownPages?: boolean
  /** How a request is answered that no handler answers: none takes it, it is too long, its handler died. Default: as plain text. */
  readonly problem?: (status: number, message: string) => AdminResponse
}

export interface AdminServer {
  readonly port: number
  /** For WebSocket upgrades on the same port. */
  readonly server: Server | https.Server
}

const maxBodyBytes = 1 << 20

export const text = (status: number, body: string): AdminResponse => ({ status, body: `${body}\n` })

export const json = (status: number, value: unknown): AdminResponse => ({
  status,
  contentType: "application/json",
  body: `${JSON.stringify(value, undefined, 2)}\n`
})

/** A body that cannot be read. */
interface Unreadable {
  readonly status: number
  readonly message: string
}

const readBody = (request: IncomingMessage): Effect.Effect<string | Unreadable> =>
  Effect.async((resume) => {
    const chunks: Array<Buffer> = []
    let size = 0
    request.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= maxBodyBytes) chunks.push(chunk)
      else {
        request.pause()
        resume(Effect.succeed({ status: 413, message: `the body is longer than ${maxBodyBytes} bytes` }))
      }
    })
    request.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
    request.on("error", () => resume(Effect.succeed({ status: 400, message: "the body broke off" })))
  })

const answer = (request: IncomingMessage, response: ServerResponse, with_: AdminResponse) =>
  Effect.sync(() => {
    const body = Buffer.from(with_.body)
    response.writeHead(with_.status, {
      "content-type": with_.contentType ?? "text/plain; charset=utf-8",
      "content-length": body.length,
      "cache-control": "no-store",
      ...(with_.status === 413 ? { connection: "close" } : {}),
      ...with_.headers
    })
    response.end(request.method === "HEAD" ? undefined : body)
  })

const handlers = <R>(options: AdminServerOptions<R>): ReadonlyMap<string, AdminHandler<R>> =>
  new Map<string, AdminHandler<R>>([
    ...(options.ownPages === false ? [] : ownPages(options)),
    ...Object.entries(options.routes ?? {})
  ])

const ownPages = <R>(options: AdminServerOptions<R>): ReadonlyArray<readonly [string, AdminHandler<R>]> => [
  ["GET /healthz", () => Effect.succeed(text(200, "ok"))],
  [
    "GET /readyz",
    () =>
      Effect.map(options.readiness, ({ ready, reasons }) =>
        ready ? text(200, "ready") : text(503, ["not ready", ...reasons].join("\n"))
      )
  ],
  [
    "GET /metrics",
    () => Effect.map(options.metrics, (body) => ({ status: 200, contentType: metricsContentType, body }))
  ]
]

const handle = <R>(
  routes: ReadonlyMap<string, AdminHandler<R>>,
  request: IncomingMessage,
  problem: (status: number, message: string) => AdminResponse
) =>
  Effect.gen(function* () {
    const method = request.method ?? "GET"
    const target = request.url ?? "/"
    const url = URL.canParse(target, "http://admin") ? new URL(target, "http://admin") : undefined
    if (url === undefined) return problem(400, "the target is not a path")
    const handler = routes.get(`${method === "HEAD" ? "GET" : method} ${url.pathname}`)
    if (handler === undefined) {
      const allowed = [...routes.keys()]
        .filter((route) => route.endsWith(` ${url.pathname}`))
        .map((r) => r.split(" ")[0])
      if (allowed.length === 0) return problem(404, `no ${url.pathname} here; known: ${[...routes.keys()].join(", ")}`)
      return { ...problem(405, `${url.pathname} takes ${allowed.join(", ")}`), headers: { allow: allowed.join(", ") } }
    }
    const body = yield* readBody(request)
    if (typeof body !== "string") return problem(body.status, body.message)
    return yield* handler({ method, url, headers: request.headers, body })
  })

const listen = (server: AdminServer["server"], host: string, port: number) =>
  Effect.async<number, AdminServerFailed>((resume) => {
    const failed = (error: NodeJS.ErrnoException) =>
      resume(Effect.fail(new AdminServerFailed({ host, port, reason: error.code ?? error.message })))
    server.once("error", failed)
    server.listen(port, host, () => {
      server.off("error", failed)
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

/** Requests that are being answered get this long when the server closes. */
const closeGraceMillis = 1_000

const close = (server: AdminServer["server"]): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    server.close(() => resume(Effect.void))
    server.closeIdleConnections()
  }).pipe(Effect.timeoutOption(closeGraceMillis), Effect.ensuring(Effect.sync(() => server.closeAllConnections())))

/** Listens until the scope closes. A handler that dies is logged and answered by 500. */
export const make = Effect.fn("AdminServer.make")(function* <R>(
  options: AdminServerOptions<R>
): Effect.fn.Return<AdminServer, AdminServerFailed, R | Scope.Scope> {
  const routes = handlers(options)
  const problem = options.problem ?? text
  const run = yield* FiberSet.makeRuntime<R>()
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    // A client that goes away while it is answered is its own affair.
    response.on("error", () => undefined)
    run(
      handle(routes, request, problem).pipe(
        Effect.catchAllCause((cause) =>
          Effect.as(
            Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError("an admin request failed", cause),
            problem(500, "internal error; see the log")
          )
        ),
        Effect.flatMap((result) => answer(request, response, result))
      )
    )
  }
  const server = options.tls
    ? https.createServer({ ...options.tls, minVersion: "TLSv1.2" }, onRequest)
    : createServer(onRequest)
  const port = yield* Effect.acquireRelease(listen(server, options.host, options.port), () => close(server))
  return { port, server }
})
