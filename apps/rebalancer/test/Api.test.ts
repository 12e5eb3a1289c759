import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { describe, expect } from "vitest"
import { Plan } from "@evenkeel/domain/Plan"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"
import type { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { SwarmClientTestControl } from "@evenkeel/swarm-client/SwarmClientTest"
import { wireService } from "@evenkeel/swarm-client/TestWire"
import * as Api from "../src/Api.ts"
import * as Loop from "../src/Loop.ts"
import type { LoopParts } from "../src/LoopParts.ts"
import * as Metrics from "../src/RebalancerMetrics.ts"
import { begin, isClean, provided, steps, until, untilBegun } from "./Running.ts"
import * as World from "./World.ts"

interface Answer {
  readonly status: number
  readonly document: Record<string, unknown> & { readonly error?: string; readonly message?: string }
}

const about = Effect.succeed({ version: "1.2.3", hostname: "n1", routers: 3 })

const call = (
  parts: LoopParts,
  route: string,
  body: unknown = "",
  authorization: string | null = "Bearer secret"
): Effect.Effect<Answer, never, SwarmClient> => {
  const [method = "", path = ""] = route.split(" ")
  const handler = Api.routes(parts, about)[route]
  if (handler === undefined) throw new Error(`no route ${route}`)
  return Effect.map(
    handler({
      method,
      url: new URL(path, "http://api"),
      headers: authorization === null ? {} : { authorization },
      body: typeof body === "string" ? body : JSON.stringify(body)
    }),
    ({ body: text, status }) => ({ status, document: JSON.parse(text) as Answer["document"] })
  )
}

const running = (input: World.PartsInput = {}) =>
  Effect.gen(function* () {
    const { specs, world } = yield* begin
    const parts = yield* World.partsWith(input)
    yield* Effect.forkScoped(Loop.run(parts))
    yield* steps(world, 2)
    return { parts, specs, world }
  })

const routes = [
  "GET /v1/state",
  "GET /v1/plan",
  "GET /v1/moves",
  "GET /v1/policy",
  "POST /v1/plan/apply",
  "POST /v1/pause",
  "POST /v1/resume",
  "PUT /v1/policy"
]

describe("the token", () => {
  it.scoped("is needed everywhere, and wrong ones are all the same", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running()
        expect(Object.keys(Api.routes(parts, about)).sort()).toEqual([...routes].sort())
        for (const route of routes)
          for (const given of [null, "", "Bearer", "Bearer secre", "Bearer secrets", "Basic secret", "secret"]) {
            const { document, status } = yield* call(parts, route, "", given)
            expect([status, document.error]).toEqual([401, "Unauthorized"])
          }
        expect((yield* PolicyStore.policy.read()).revision).toBe(0)
      })
    )
  )

  it.scoped("without one configured reading is open and nothing can be changed", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running({ token: Option.none() })
        expect((yield* call(parts, "GET /v1/state", "", null)).status).toBe(200)
        const { document, status } = yield* call(parts, "POST /v1/pause", "", "Bearer secret")
        expect([status, document.error]).toEqual([403, "NoToken"])
      })
    )
  )
})

describe("what it shows", () => {
  it.scoped("state: what it sees, decides and is held by", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running({ settings: { mode: "observe" } })
        const { document } = yield* call(parts, "GET /v1/state")
        expect(document).toMatchObject({
          apiVersion: "evenkeel/v1",
          kind: "State",
          version: "1.2.3",
          hostname: "n1",
          routers: 3,
          mode: "observe",
          readingFailure: null,
          policyFailure: null,
          decision: { kind: "Idle", because: "mode is observe: plans are shown, nothing is moved" },
          swarm: { quorum: true, leader: "n1", readByLeader: true }
        })
        expect(document["brakes"]).toMatchObject([{ brake: "mode", holds: "all" }, { brake: "stabilisation" }])
      })
    )
  )

  it.scoped("plan: the same on an instance that does not lead", () =>
    provided(
      Effect.gen(function* () {
        const { parts, world } = yield* running({ settings: { mode: "observe" } })
        const led = yield* call(parts, "GET /v1/plan")
        expect(Schema.decodeUnknownSync(Plan)(led.document).moves).toHaveLength(1)
        const control = yield* SwarmClientTestControl
        const leads = (node: string, value: string) =>
          control.patch("nodes", node, [{ path: ["ManagerStatus", "Leader"], value }], { keepVersion: true })
        yield* leads("n1", "false")
        yield* leads("n2", "true")
        yield* steps(world, 10)
        expect((yield* Ref.get(parts.state)).plan).toBeNull()
        expect(yield* call(parts, "GET /v1/plan")).toEqual(led)
      })
    )
  )

  it.scoped("plan: 503 before the first reading", () =>
    provided(
      Effect.gen(function* () {
        const parts = yield* World.freshParts
        const { document, status } = yield* call(parts, "GET /v1/plan")
        expect([status, document.error]).toEqual([503, "NotRead"])
      })
    )
  )

  it.scoped("moves: what has ended, newest first, whoever made it", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* running()
        yield* until(world, isClean(world, specs))
        yield* steps(world, 5)
        const { document } = yield* call(yield* World.freshParts, "GET /v1/moves")
        expect(document).toMatchObject({
          kind: "Moves",
          items: [{ strategy: "pin", outcome: "completed", fromName: "n1", toName: "n2" }]
        })
      })
    )
  )
})

describe("pause and resume", () => {
  it.scoped("of all, with a reason and an end", () =>
    provided(
      Effect.gen(function* () {
        const { parts, world } = yield* running()
        const paused = yield* call(parts, "POST /v1/pause", { for: "10s", because: "backup", by: "ann" })
        expect(paused.status).toBe(200)
        expect(paused.document["pauses"]).toMatchObject([{ service: null, because: "backup", by: "ann" }])
        yield* steps(world, 40)
        expect(yield* world.writes).toBe(0)
        yield* untilBegun(world)
      })
    )
  )

  it.scoped("of one service, by its name", () =>
    provided(
      Effect.gen(function* () {
        const { parts, specs, world } = yield* running()
        yield* call(parts, "POST /v1/pause", { service: "a" })
        yield* until(world, isClean(world, specs))
        expect((yield* world.placement)["a"]).toBe("n1")
        const resumed = yield* call(parts, "POST /v1/resume", { service: "a" })
        expect(resumed.document["pauses"]).toEqual([])
      })
    )
  )

  it.scoped.each<[string, unknown, number, string]>([
    ["no such service", { service: "nope" }, 404, "ServiceNotFound"],
    ["a duration without a unit", { for: "30" }, 400, "BadRequest"],
    ["a pause of no time", { for: "0s" }, 400, "BadRequest"],
    ["a field that is not known", { servce: "a" }, 400, "BadRequest"],
    ["no JSON", "{", 400, "BadRequest"],
    ["no object", "null", 400, "BadRequest"],
    ["a long text", { because: "x".repeat(100_000) }, 400, "BadRequest"]
  ])("%s is refused, with a cure, and changes nothing", ([_, body, status, error]) =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running()
        const answer = yield* call(parts, "POST /v1/pause", body)
        expect([answer.status, answer.document.error]).toEqual([status, error])
        expect(answer.document["cure"]).toBeTruthy()
        expect(answer.document.message?.length).toBeLessThan(300)
        expect((yield* PolicyStore.policy.read()).revision).toBe(0)
      })
    )
  )
})

describe("the policy", () => {
  it.scoped("is set as a whole, and holds over the environment", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running()
        yield* call(parts, "PUT /v1/policy", { settings: { movesPerHour: 7, maxNodeSkew: 2 } })
        const { document } = yield* call(parts, "PUT /v1/policy", { settings: { movesPerHour: 8 }, revision: 1 })
        expect(document).toMatchObject({ revision: 2, settings: { movesPerHour: 8 } })
        expect(document["effective"]).toMatchObject({ movesPerHour: 8, maxNodeSkew: 1, stabilisationMillis: 1_000 })
        expect((yield* call(parts, "GET /v1/policy")).document).toMatchObject({ revision: 2 })
      })
    )
  )

  it.scoped("is refused when somebody changed it since, or when it makes no sense", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running()
        yield* call(parts, "PUT /v1/policy", { settings: { movesPerHour: 7 } })
        const stale = yield* call(parts, "PUT /v1/policy", { settings: {}, revision: 0 })
        expect([stale.status, stale.document.error]).toEqual([409, "PolicyChanged"])
        for (const settings of [
          { movesPerHour: 0 },
          { movesPerYear: 1 },
          { windows: [{ cron: "x", durationMillis: 1 }] }
        ]) {
          const answer = yield* call(parts, "PUT /v1/policy", { settings })
          expect([answer.status, answer.document.error]).toEqual([400, "BadRequest"])
        }
        const { document } = yield* call(parts, "PUT /v1/policy", { settings: { mode: "ACT" } })
        expect(document.message).toMatch(/field settings.mode: Expected "observe".*; or Expected "act"/)
        expect((yield* PolicyStore.policy.read()).value.settings).toEqual({ movesPerHour: 7 })
      })
    )
  )

  it.scoped("of two who set it at the same time from the same revision one is told", () =>
    provided(
      Effect.gen(function* () {
        const { parts, world } = yield* running()
        const set = (movesPerHour: number) => call(parts, "PUT /v1/policy", { settings: { movesPerHour }, revision: 0 })
        const both = yield* Effect.fork(Effect.all([set(7), set(8)], { concurrency: "unbounded" }))
        yield* steps(world, 10)
        const answers = yield* Fiber.join(both)
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
        const won = answers.find(({ status }) => status === 200)?.document["settings"]
        expect(yield* PolicyStore.policy.read()).toMatchObject({ revision: 1, value: { settings: won } })
      })
    )
  )

  it.scoped("cannot be changed while the engine does not answer: 503, and counted", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running()
        const control = yield* SwarmClientTestControl
        const counted = Effect.forEach(Metrics.purposes, (purpose) => {
          const metric = Metric.tagged(
            Metric.tagged(Metrics.apiErrors, "purpose", purpose),
            "error",
            "EngineUnreachable"
          )
          return Effect.map(Metric.value(metric), ({ count }) => count)
        })
        const before = yield* counted
        const failure = { kind: "unreachable" } as const
        yield* control.fail(failure, { path: "/configs", times: 5 })
        const { document, status } = yield* call(parts, "POST /v1/pause", {})
        expect([status, document.error]).toEqual([503, "EngineUnreachable"])
        yield* control.fail(failure, { path: "/services/a", times: 1 })
        expect((yield* call(parts, "POST /v1/pause", { service: "a" })).status).toBe(503)
        expect((yield* counted).map((count, at) => count - (before[at] ?? 0))).toEqual([1, 0, 1, 0])
      })
    )
  )
})

describe("applying a plan", () => {
  it.scoped("moves just that although the mode is observe, and ends with it", () =>
    provided(
      Effect.gen(function* () {
        const { parts, specs, world } = yield* running({ settings: { mode: "observe" } })
        const { document: plan } = yield* call(parts, "GET /v1/plan")
        const { basedOn, moves } = plan
        const without = yield* call(parts, "POST /v1/plan/apply", { moves })
        expect(without.document.message).toContain("basedOn")
        const answer = yield* call(parts, "POST /v1/plan/apply", { basedOn, moves })
        expect(answer).toMatchObject({ status: 202, document: { kind: "Approved", moves: 1, leader: "n1" } })
        yield* until(world, isClean(world, specs))
        yield* until(
          world,
          Effect.map(PolicyStore.policy.read(), ({ value }) => value.approval === null)
        )
        expect(yield* world.tasksStarted).toBe(1)
      })
    )
  )

  it.scoped("is carried on by the next leader when the instance that took it is gone", () =>
    provided(
      Effect.gen(function* () {
        const { specs, world } = yield* begin
        const settings = { mode: "observe" as const }
        const taker = yield* World.partsWith({ settings })
        const planner = yield* World.partsWith({ settings })
        yield* Effect.scoped(Effect.zipRight(Effect.forkScoped(Loop.run(planner)), steps(world, 2)))
        const { document: plan } = yield* call(planner, "GET /v1/plan")
        expect((yield* call(taker, "POST /v1/plan/apply", plan)).status).toBe(202)
        yield* Effect.forkScoped(Loop.run(yield* World.partsWith({ settings })))
        yield* until(world, isClean(world, specs))
      })
    )
  )

  it.scoped("is refused when what it was made from has changed: 409", () =>
    provided(
      Effect.gen(function* () {
        const { parts, world } = yield* running({ settings: { mode: "observe" } })
        const { document: plan } = yield* call(parts, "GET /v1/plan")
        const [move] = Schema.decodeUnknownSync(Plan)(plan).moves
        const control = yield* SwarmClientTestControl
        yield* control.put(
          "services",
          wireService({ id: move?.service ?? "", labels: { "evenkeel.group": "g", x: "y" } })
        )
        const { document, status } = yield* call(parts, "POST /v1/plan/apply", plan)
        expect([status, document.error]).toEqual([409, "PlanStale"])
        expect(document.message).toContain(`service ${move?.serviceName} was changed since`)
        yield* steps(world, 20)
        expect(yield* world.writes).toBe(0)
      })
    )
  )

  it.scoped("is refused while an operator has paused: 409", () =>
    provided(
      Effect.gen(function* () {
        const { parts } = yield* running({ settings: { mode: "observe" } })
        const { document: plan } = yield* call(parts, "GET /v1/plan")
        yield* call(parts, "POST /v1/pause", { by: "ann" })
        const { document, status } = yield* call(parts, "POST /v1/plan/apply", plan)
        expect([status, document.error]).toEqual([409, "Held"])
        expect(document.message).toContain("paused by ann")
      })
    )
  )
})
