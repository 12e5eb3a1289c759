/** What the rebalancer tells: log lines, metrics, and where which of its pages are. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { names as brakeNames } from "@evenkeel/executor/brakes/Brake"
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
import * as Telling from "../src/Telling.ts"
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

/** What every line has; `decision` and those of moves have more. */
const Line = Schema.Struct({
  time: Schema.Date,
  level: Schema.Literal("info", "warn", "error"),
  message: Schema.NonEmptyString,
  event: Schema.Literal(...(Object.keys(Telling.events) as ReadonlyArray<Telling.Event>))
})
const further: Partial<Record<Telling.Event, ReadonlyArray<string>>> = {
  decision: ["decision"],
  "move.begun": ["operation", "service", "strategy", "task", "from", "to", "reason"],
  "move.completed": ["operation", "service", "recovered"],
  "move.settled": ["service"]
}

describe("the log", () => {
  it.scoped("is of lines of one form, whatever happens", () =>
    provided(
      Effect.gen(function* () {
        const control = yield* SwarmClientTestControl
        const fails = { kind: "status", status: 500, message: "broken" } as const
        yield* control.fail(fails, { path: "/configs", times: 3 })
        yield* control.fail(fails, { path: "/nodes", times: 2 })
        yield* control.fail(fails, { path: "/configs/create", times: 2 })
        const { lines } = yield* mended()
        const seen = lines.map((line) => {
          const { event } = Schema.decodeUnknownSync(Line)(line)
          const missing = (further[event] ?? []).filter((field) => !(field in line))
          expect(missing, JSON.stringify(line)).toEqual([])
          return event
        })
        expect(new Set(seen)).toEqual(
          new Set([
            ...["policy-failed", "reading-failed", "history-failed"],
            ...["decision", "move.begun", "move.completed", "move.settled"]
          ])
        )
      })
    )
  )

  it("is written in one place, where each line is given its event, and each event has its line", () => {
    const folder = join(import.meta.dirname, "../src")
    const sources = readdirSync(folder)
      .filter((name) => name.endsWith(".ts") && name !== "Telling.ts")
      .map((name) => readFileSync(join(folder, name), "utf8"))
      .join("\n")
    expect(sources).not.toMatch(/Effect\.log|console\./)
    const used = [...sources.matchAll(/Telling\.\w+\(\s*(?:"([\w.-]+)"|`move\.\$\{outcome\}`)/g)].flatMap(
      ([, event]) => event ?? ["move.completed", "move.undone"]
    )
    expect([...new Set(used)].sort()).toEqual(Object.keys(Telling.events).sort())
  })

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

/** A window that does not open in the time of a test: at the start of a year. */
const never = { cron: "0 0 1 1 *", durationMillis: 60_000, timeZone: "UTC" }

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

  it.scoped("count what each brake holds, all of them from the first decision on", () =>
    provided(
      Effect.gen(function* () {
        const { world } = yield* begin
        yield* Effect.forkScoped(Loop.run(yield* World.partsWith({ settings: { mode: "observe", windows: [never] } })))
        yield* steps(world, 10)
        const on = yield* Effect.forEach(brakeNames, (brake) =>
          Effect.map(Metric.value(Metric.tagged(Metrics.brakesEngaged, "brake", brake)), ({ value }) => [brake, value])
        )
        const expected = { mode: 1, "maintenance-window": 1 }
        expect(Object.fromEntries(on)).toEqual({
          ...Object.fromEntries(brakeNames.map((name) => [name, 0])),
          ...expected
        })
        const families = yield* EffectMetrics.snapshot(Metrics.prefix)
        const shown = families.find(({ name }) => name.endsWith("brakes_engaged"))?.samples ?? []
        expect(shown.map(({ labels }) => labels?.["brake"]).sort()).toEqual([...brakeNames].sort())
      })
    )
  )

  it.scoped("count a move that another process left, and calls on the engine that failed", () =>
    provided(
      Effect.gen(function* () {
        const read = Metric.tagged(Metric.tagged(Metrics.apiErrors, "purpose", "read"), "error", "EngineRejected")
        const counts = Effect.map(
          Effect.all([Metric.value(Metrics.journalRecovered), Metric.value(read)]),
          (all): ReadonlyArray<number> => all.map(({ count }) => count)
        )
        const { specs, world } = yield* begin
        const [recovered = 0, failed = 0] = yield* counts
        const first = yield* Effect.fork(Loop.run(yield* World.freshParts))
        yield* until(
          world,
          Effect.map(world.writes, (writes) => writes === 1)
        )
        yield* Fiber.interrupt(first)
        const control = yield* SwarmClientTestControl
        yield* control.fail({ kind: "status", status: 500, message: "broken" }, { path: "/nodes", times: 1 })
        yield* Effect.forkScoped(Loop.run(yield* World.freshParts))
        yield* until(world, isClean(world, specs))
        expect(yield* counts).toEqual([recovered + 1, failed + 1])
      })
    )
  )

  it.scoped("have the labels that the page about the rebalancer names", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* mended()
        const page = readFileSync(join(import.meta.dirname, "../../../docs/subsystems/rebalancer.md"), "utf8")
        const rows = [...page.matchAll(/^\| `([a-z_]+)(?:\{([a-z,]+)\})?` +\|/gm)]
        const documented = new Map(rows.map(([, name = "", labels = ""]) => [name, labels.split(",").sort().join()]))
        const { snapshot } = yield* Ref.get(parts.state)
        const families = [...(yield* EffectMetrics.snapshot(Metrics.prefix)), ...SkewMetrics.families(snapshot)]
        const shown = families.flatMap(({ name, samples }) =>
          samples.map(
            ({ labels }) =>
              [
                name.slice(Metrics.prefix.length),
                Object.keys(labels ?? {})
                  .sort()
                  .join()
              ] as const
          )
        )
        expect(shown.length).toBeGreaterThan(20)
        expect(shown.filter(([name, labels]) => documented.get(name) !== labels)).toEqual([])
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
        const about = Effect.succeed({ version: "", hostname: "", routers: null })
        for (const route of Object.keys(Api.routes(parts, about))) {
          const [method = "", path = ""] = route.split(" ")
          expect(yield* get(path, { method })).toMatchObject([401, { error: "Unauthorized" }])
          expect(yield* get(path, { method: "DELETE" })).toMatchObject([405, { error: "MethodNotAllowed" }])
        }
        const authorization = "Bearer secret"
        expect(yield* get("/v1/state", { headers: { authorization } })).toMatchObject([200, { kind: "State" }])
      })
    )
  )
})
