/** What the rebalancer tells: log lines, notifications, and where which of its pages are. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect } from "vitest"
import { kindLabel } from "@evenkeel/executor/brakes/RaftDocument"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import * as Api from "../src/Api.ts"
import * as ApiProblem from "../src/ApiProblem.ts"
import * as Loop from "../src/Loop.ts"
import * as Telling from "../src/Telling.ts"
import { mended } from "./Mended.ts"
import { begin, provided, steps } from "./Running.ts"
import * as World from "./World.ts"

/** What every line has; `decision` and those of moves have more. */
const Line = Schema.Struct({
  time: Schema.Date,
  level: Schema.Literal("info", "warn", "error"),
  message: Schema.NonEmptyString,
  event: Schema.Literal(...(Object.keys(Telling.events) as ReadonlyArray<Telling.Event>))
})
const further: Partial<Record<Telling.Event, ReadonlyArray<string>>> = {
  decision: ["decision"],
  "move.begun": ["operation", "service", "strategy", "order", "task", "from", "to", "reason"],
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
            around: () =>
              Effect.sync(() => {
                faults += 1
                throw new Error("a fault")
              })
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

  it.scoped("a fault in what reads the policy is told, and it is read again", () =>
    provided(
      Effect.gen(function* () {
        const client = yield* SwarmClient
        let readings = 0
        const broken: typeof client = {
          ...client,
          listConfigs: (filter) =>
            Effect.suspend(() => {
              const isPolicy = filter?.labels?.[kindLabel] === "policy"
              if (isPolicy) readings += 1
              return isPolicy && readings === 3 ? Effect.die(new Error("a fault")) : client.listConfigs(filter)
            })
        }
        const { lines } = yield* Effect.provideService(
          mended({ settings: { stabilisationMillis: 10_000 } }),
          SwarmClient,
          broken
        )
        const told = lines.filter(({ event }) => event === "fault").map(({ message }) => message)
        expect(told).toEqual([expect.stringMatching(/^the policy was not read: a fault/)])
        expect(readings).toBeGreaterThan(10)
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
          problem: ApiProblem.ofServer
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
        const long = { method: "POST", body: "x".repeat(2 << 20) }
        expect(yield* get("/v1/pause", long)).toMatchObject([413, { kind: "Problem", error: "BodyTooLong" }])
        const authorization = "Bearer secret"
        expect(yield* get("/v1/state", { headers: { authorization } })).toMatchObject([200, { kind: "State" }])
      })
    )
  )
})
