/** What the rebalancer tells: log lines, metrics, and where which of its pages are. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import { describe, expect } from "vitest"
import * as Logging from "@evenkeel/observability/Logging"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import * as EffectMetrics from "@evenkeel/observability/EffectMetrics"
import * as PrometheusText from "@evenkeel/observability/PrometheusText"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Api from "../src/Api.ts"
import * as ApiProblem from "../src/ApiProblem.ts"
import * as Loop from "../src/Loop.ts"
import * as Metrics from "../src/RebalancerMetrics.ts"
import * as SkewMetrics from "../src/SkewMetrics.ts"
import type { Notification } from "../src/Webhook.ts"
import { begin, isClean, provided, steps, until } from "./Running.ts"
import * as World from "./World.ts"

/** Runs a rebalancer until it has mended the world; gives its log and what the webhook was told. */
const mended = (input: World.PartsInput = {}) =>
  Effect.gen(function* () {
    const lines: Array<Record<string, unknown>> = []
    const told = yield* Ref.make<ReadonlyArray<Notification>>([])
    const webhook = { notify: (it: Notification) => Ref.update(told, (before) => [...before, it]) }
    const { specs, world } = yield* begin
    const parts = yield* World.partsWith({ webhook, ...input })
    yield* Effect.forkScoped(Loop.run(parts)).pipe(
      Effect.provide(
        Logger.replace(
          Logger.defaultLogger,
          Logger.map(Logging.jsonLine, (line) => void lines.push(JSON.parse(line) as Record<string, unknown>))
        )
      )
    )
    yield* until(world, isClean(world, specs))
    yield* steps(world, 30)
    return { lines, parts, told: yield* Ref.get(told), world }
  })

describe("the log", () => {
  it.scoped("has one line a decision and none while it stays the same", () =>
    provided(
      Effect.gen(function* () {
        const { lines } = yield* mended()
        expect(lines.map(({ event, message }) => `${String(event)}: ${String(message)}`)).toEqual([
          "decision: idle: the usable nodes changed lately: waiting for 1s of calm",
          expect.stringMatching(/^move.begun: moving [ab] by pin$/),
          expect.stringMatching(/^decision: idle: move of [ab]: the new task is starting/),
          expect.stringMatching(/^decision: idle: move of [ab]: /),
          expect.stringMatching(/^move.completed: move of [ab] completed: /),
          expect.stringMatching(/^move.settled: [ab] is settled/),
          "decision: idle: balanced, or nothing that may be moved would help"
        ])
      })
    )
  )

  it.scoped("a step that fails again and again is told once", () =>
    provided(
      Effect.gen(function* () {
        const control = yield* SwarmClientTestControl
        for (const id of World.services)
          yield* control.fail(
            { kind: "status", status: 403, message: "read-only" },
            { path: `/services/${id}/update`, times: 5 }
          )
        const { lines } = yield* mended()
        const failures = lines.filter(({ event }) => event === "step-failed").map(({ message }) => message)
        expect(failures.length).toBeLessThanOrEqual(World.services.length)
        expect(failures[0]).toMatch(/^Begin: .*read-only/)
      })
    )
  )

  it.scoped("a fault of the planner is told, and routers go on being fed", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const parts = yield* World.freshParts
        let faults = 0
        const broken = {
          ...parts,
          plans: {
            ...parts.plans,
            plan: () => {
              faults += 1
              throw new Error("a fault")
            }
          }
        }
        yield* Effect.forkScoped(Loop.run(broken))
        yield* steps(world, 20)
        const before = yield* Ref.get(parts.state)
        yield* steps(world, 20)
        const after = yield* Ref.get(parts.state)
        expect(faults).toBeGreaterThan(1)
        expect(after.snapshot?.readAtMillis).toBeGreaterThan(before.snapshot?.readAtMillis ?? Infinity)
      })
    )
  )
})

describe("the webhook", () => {
  it.scoped("is told when a move begins and how it ended", () =>
    provided(
      Effect.gen(function* () {
        const { told } = yield* mended()
        expect(told).toMatchObject([
          { event: "move.begun", move: { strategy: "pin", from: "n1", to: "n2" } },
          { event: "move.completed", move: { strategy: "pin", fromName: "n1", toName: "n2", outcome: "completed" } }
        ])
      })
    )
  )
})

const scrape = (parts: Parameters<typeof Loop.run>[0]) =>
  Effect.zipWith(EffectMetrics.snapshot(Metrics.prefix), Ref.get(parts.state), (families, { snapshot }) =>
    PrometheusText.render([...families, ...SkewMetrics.families(snapshot)])
  )

describe("metrics", () => {
  it.scoped("follow Prometheus' rules and say what happened", () =>
    provided(
      Effect.gen(function* () {
        const { parts, world } = yield* mended()
        const text = yield* scrape(parts)
        const { snapshot } = yield* Ref.get(parts.state)
        const families = [...(yield* EffectMetrics.snapshot(Metrics.prefix)), ...SkewMetrics.families(snapshot)]
        expect(PrometheusText.lint(families, Metrics.prefix)).toEqual([])
        for (const line of [
          "evenkeel_rebalancer_balance 1",
          'evenkeel_rebalancer_skew{name="g",scope="group"} 0',
          'evenkeel_rebalancer_skew{name="",scope="nodes"} 0',
          'evenkeel_rebalancer_brakes_engaged{brake="pause"} 0',
          "evenkeel_rebalancer_leader 1"
        ])
          expect(text).toContain(`${line}\n`)
        expect(text).toMatch(/evenkeel_rebalancer_moves_total\{result="completed",strategy="pin"\} [1-9]/)
        expect(text).toMatch(/evenkeel_rebalancer_plan_duration_seconds_count [1-9]/)
        // What is gone from the Swarm is gone from the metrics.
        const control = yield* SwarmClientTestControl
        yield* control.remove("services", "a")
        yield* steps(world, 10)
        expect(text).toContain('{name="a",scope="service"}')
        expect(yield* scrape(parts)).not.toContain('{name="a",scope="service"}')
      })
    )
  )

  it("the balance is the share of what is even", () => {
    const [a, b, c] = [2, 1, 0].map((skew) => ({ name: `skew ${skew}`, skew }))
    if (a === undefined || b === undefined || c === undefined) throw new Error("three were made")
    expect(SkewMetrics.shareEven({ services: [a, b], groups: [c], nodes: 3 })).toBe(0.5)
  })
})

describe("planning", () => {
  it.scoped("is not done while nothing may begin anyway, and then again on demand", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        const parts = yield* World.partsWith({ settings: { stabilisationMillis: 5_000 } })
        yield* Effect.forkScoped(Loop.run(parts))
        yield* steps(world, 20)
        expect([parts.plans.made(), (yield* Ref.get(parts.state)).plan]).toEqual([0, null])
        const get = Api.routes(parts, Effect.succeed({ version: "", hostname: "", routers: null }))["GET /v1/plan"]
        if (get === undefined) throw new Error("no such route")
        const headers = { authorization: "Bearer secret" }
        const { body } = yield* get({ method: "GET", url: new URL("http://api/v1/plan"), headers, body: "" })
        expect(JSON.parse(body)).toMatchObject({ kind: "Plan", moves: [{ strategy: "pin" }] })
      })
    )
  )

  it.scoped("is not done again while nothing has changed", () =>
    provided(
      Effect.gen(function* () {
        const { parts, world } = yield* mended()
        const before = parts.plans.made()
        yield* steps(world, 50)
        expect(parts.plans.made()).toBe(before)
      })
    )
  )
})

describe("the API's port", () => {
  it.scopedLive("has no health and no metrics, and JSON for what it does not know", () =>
    provided(
      Effect.gen(function* () {
        const parts = yield* World.freshParts
        const { port } = yield* AdminServer.make({
          host: "127.0.0.1",
          port: 0,
          readiness: Effect.succeed({ ready: true, reasons: [] }),
          metrics: Effect.succeed(""),
          routes: Api.routes(parts, Effect.succeed({ version: "", hostname: "", routers: null })),
          ownPages: false,
          problem: ApiProblem.unrouted
        })
        const get = (path: string, init: RequestInit = {}) =>
          Effect.promise(() =>
            fetch(`http://127.0.0.1:${port}${path}`, init).then((response) =>
              response.json().then((body: unknown) => [response.status, body] as const)
            )
          )
        for (const path of ["/healthz", "/readyz", "/metrics", "/v2/state"])
          expect(yield* get(path)).toMatchObject([404, { kind: "Problem", error: "NotFound" }])
        expect(yield* get("/v1/pause")).toMatchObject([405, { kind: "Problem", error: "MethodNotAllowed" }])
        expect(yield* get("/v1/state")).toMatchObject([401, { error: "Unauthorized" }])
        const authorization = "Bearer secret"
        expect(yield* get("/v1/state", { headers: { authorization } })).toMatchObject([200, { kind: "State" }])
      })
    )
  )
})
