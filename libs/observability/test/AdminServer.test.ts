import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as AdminServer from "../src/AdminServer.ts"
import { probe } from "../src/Probe.ts"

const ask = (port: number, path: string, init: RequestInit = {}) =>
  Effect.promise(async () => {
    const headers = { connection: "close" }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...init })
    return { status: response.status, headers: response.headers, body: await response.text() }
  })

const probed = (url: string) =>
  Effect.async<readonly [number, string]>((resume) => probe(url, (code, why) => resume(Effect.succeed([code, why]))))

const start = (overrides: Partial<AdminServer.AdminServerOptions<never>> = {}) =>
  AdminServer.make<never>({
    host: "127.0.0.1",
    port: 0,
    readiness: Effect.succeed({ ready: true, reasons: [] }),
    metrics: Effect.succeed("evenkeel_x_up 1\n"),
    ...overrides
  })

describe("AdminServer", () => {
  it.scoped("answers health, readiness with reasons, and metrics", () =>
    Effect.gen(function* () {
      const readiness = yield* Ref.make<AdminServer.Readiness>({ ready: false, reasons: ["no table yet"] })
      const { port } = yield* start({ readiness: Ref.get(readiness) })
      expect((yield* ask(port, "/healthz")).status).toBe(200)
      const unready = yield* ask(port, "/readyz")
      expect([unready.status, unready.body]).toEqual([503, "not ready\nno table yet\n"])
      yield* Ref.set(readiness, { ready: true, reasons: [] })
      expect((yield* ask(port, "/readyz?verbose=1")).status).toBe(200)
      const metrics = yield* ask(port, "/metrics")
      expect(metrics.body).toBe("evenkeel_x_up 1\n")
      expect(metrics.headers.get("content-type")).toContain("version=0.0.4")
    })
  )

  it.scoped("serves the app's routes with their method and body", () =>
    Effect.gen(function* () {
      const echo: AdminServer.AdminHandler<never> = ({ body, url }) =>
        Effect.succeed(AdminServer.json(200, { body, q: url.searchParams.get("q") }))
      const { port } = yield* start({ routes: { "POST /echo": echo } })
      const echoed = yield* ask(port, "/echo?q=1", { method: "POST", body: "hello" })
      expect(JSON.parse(echoed.body)).toEqual({ body: "hello", q: "1" })
      const wrongMethod = yield* ask(port, "/echo")
      expect([wrongMethod.status, wrongMethod.headers.get("allow")]).toEqual([405, "POST"])
      const unknown = yield* ask(port, "/nothing")
      expect(unknown.status).toBe(404)
      expect(unknown.body).toContain("POST /echo")
    })
  )

  it.scoped("answers 500 when a handler dies, and goes on", () =>
    Effect.gen(function* () {
      const { port } = yield* start({ routes: { "GET /bad": () => Effect.die(new Error("broken handler")) } })
      expect((yield* ask(port, "/bad")).status).toBe(500)
      expect((yield* ask(port, "/healthz")).status).toBe(200)
    })
  )

  it.scoped("refuses a body of more than 1 MiB", () =>
    Effect.gen(function* () {
      const { port } = yield* start({
        routes: { "POST /echo": ({ body }) => Effect.succeed(AdminServer.text(200, body)) }
      })
      const refused = yield* ask(port, "/echo", { method: "POST", body: "x".repeat((1 << 20) + 1) })
      expect(refused.status).toBe(413)
    })
  )

  it.scoped("words what no handler answers as the app does", () =>
    Effect.gen(function* () {
      const { port } = yield* start({
        problem: (status, message) => AdminServer.json(status, { message }),
        routes: {
          "GET /bad": () => Effect.die(new Error("broken handler")),
          "POST /echo": ({ body }) => Effect.succeed(AdminServer.text(200, body))
        }
      })
      const long = { method: "POST", body: "x".repeat((1 << 20) + 1) }
      for (const [path, init, status] of [
        ["/bad", {}, 500],
        ["/echo", {}, 405],
        ["/echo", long, 413],
        ["/nothing", {}, 404]
      ] as const) {
        const answer = yield* ask(port, path, init)
        expect(answer.status).toBe(status)
        expect(JSON.parse(answer.body)).toEqual({ message: expect.any(String) })
      }
    })
  )

  it.scoped("fails with host and port when the port is taken", () =>
    Effect.gen(function* () {
      const { port } = yield* start()
      const error = yield* Effect.flip(start({ port }))
      expect(error.message).toBe(`cannot listen on 127.0.0.1:${port} (EADDRINUSE); free the port or choose another one`)
    })
  )

  it.effect("stops listening when its scope closes", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(Effect.map(start(), (server) => server.port))
      const [code, why] = yield* probed(`http://127.0.0.1:${port}/healthz`)
      expect(code).toBe(1)
      expect(why).toContain("ECONNREFUSED")
    })
  )
})

describe("Probe", () => {
  it.scoped("tells 2xx from other answers", () =>
    Effect.gen(function* () {
      const { port } = yield* start({ readiness: Effect.succeed({ ready: false, reasons: ["draining"] }) })
      expect(yield* probed(`http://127.0.0.1:${port}/healthz`)).toEqual([0, ""])
      const [code, why] = yield* probed(`http://127.0.0.1:${port}/readyz`)
      expect(code).toBe(1)
      expect(why).toContain("answered 503")
    })
  )
})
