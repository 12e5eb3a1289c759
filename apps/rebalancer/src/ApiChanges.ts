/**
 * What the API changes. Every change is one of the policy in Swarm's raft, so any instance takes it, it holds on all within two
 * seconds, and it outlives whoever took it. The instance that leads acts on it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as PlanBasis from "@evenkeel/domain/PlanBasis"
import type { Service } from "@evenkeel/domain/Service"
import * as Brakes from "@evenkeel/executor/brakes/Brakes"
import * as Policy from "@evenkeel/executor/brakes/Policy"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as Bodies from "./ApiBodies.ts"
import * as Documents from "./ApiDocuments.ts"
import * as ApiProblem from "./ApiProblem.ts"
import { brakeState } from "./Assessment.ts"
import type { LoopParts } from "./LoopParts.ts"
import * as PolicyWatch from "./PolicyWatch.ts"
import * as Metrics from "./RebalancerMetrics.ts"

const { problem } = ApiProblem

/** Ends a handler with an answer that is no success. */
class Answered {
  readonly _tag = "Answered"
  readonly response: AdminServer.AdminResponse
  constructor(response: AdminServer.AdminResponse) {
    this.response = response
  }
}

const refuse = (...given: Parameters<typeof problem>) => Effect.fail(new Answered(problem(...given)))

const answered = <R>(
  effect: Effect.Effect<AdminServer.AdminResponse, Answered | { readonly _tag: string; readonly message: string }, R>
): Effect.Effect<AdminServer.AdminResponse, never, R> =>
  Effect.catchAll(effect, (error) =>
    error instanceof Answered
      ? Effect.succeed(error.response)
      : Effect.as(Metrics.countApiError("policy", error._tag), ApiProblem.ofError(error))
  )

const bodyOf = <A>(read: Either.Either<A, string>, example: string) =>
  Either.match(read, {
    onLeft: (why) =>
      refuse(400, "BadRequest", `the request cannot be understood: ${why}`, `send JSON such as ${example}`),
    onRight: Effect.succeed
  })

/** A call that reads the Swarm; where it fails, that is the answer. */
const reading = <A, E extends { readonly _tag: string; readonly message: string }, R>(call: Effect.Effect<A, E, R>) =>
  Effect.catchAll(call, (error) =>
    Effect.zipRight(Metrics.countApiError("read", error._tag), Effect.fail(new Answered(ApiProblem.ofError(error))))
  )

const serviceOf = (wanted: string): Effect.Effect<Service, Answered, SwarmClient> =>
  Effect.gen(function* () {
    const client = yield* SwarmClient
    const found = client.service(wanted).pipe(
      Effect.map(({ service }) => service),
      Effect.catchIf(
        (error) => error._tag === "ServiceNotFound",
        () => Effect.succeed(null)
      )
    )
    const service = yield* reading(found)
    if (service !== null) return service
    return yield* refuse(
      404,
      "ServiceNotFound",
      `there is no service ${wanted} in this Swarm`,
      'name one of "docker service ls", in full, or by its id'
    )
  })

const currentPolicy = (parts: LoopParts, revision: number) =>
  Effect.gen(function* () {
    const nowMillis = yield* Clock.currentTimeMillis
    const state = yield* brakeState(parts, false)
    return Documents.policy(state, revision, [], nowMillis)
  })

/** `revision`: the one that was looked at; undefined where none is compared. */
const changed = (parts: LoopParts, change: (policy: Policy.Policy) => Policy.Policy, revision?: number) =>
  Effect.gen(function* () {
    const held =
      revision === undefined
        ? yield* PolicyWatch.change(parts.policy, change)
        : yield* PolicyWatch.changeAt(parts.policy, revision, change)
    yield* Effect.flatMap(SwarmClient, ({ hurry }) => hurry)
    return AdminServer.json(200, yield* currentPolicy(parts, held.revision))
  })

export const pause = (parts: LoopParts, request: AdminServer.AdminRequest) =>
  answered(
    Effect.gen(function* () {
      const read = Bodies.read(Bodies.PauseBody, request.body)
      const body = yield* bodyOf(read, '{"service": "web", "for": "2h", "because": "…"}')
      const service = body.service === undefined ? null : yield* serviceOf(body.service)
      const nowMillis = yield* Clock.currentTimeMillis
      const pause: Policy.Pause = {
        service: service?.id ?? null,
        serviceName: service?.name ?? null,
        because: body.because,
        by: body.by,
        sinceMillis: nowMillis,
        untilMillis: body.for === undefined ? null : nowMillis + body.for
      }
      return yield* changed(parts, (policy) => Policy.paused(policy, pause, nowMillis))
    })
  )

export const resume = (parts: LoopParts, request: AdminServer.AdminRequest) =>
  answered(
    Effect.gen(function* () {
      const body = yield* bodyOf(Bodies.read(Bodies.ResumeBody, request.body), '{"service": "web"}')
      const service = body.service === undefined ? null : yield* serviceOf(body.service)
      const nowMillis = yield* Clock.currentTimeMillis
      return yield* changed(parts, (policy) => Policy.resumed(policy, service?.id ?? null, nowMillis))
    })
  )

export const setPolicy = (parts: LoopParts, request: AdminServer.AdminRequest) =>
  answered(
    Effect.gen(function* () {
      const body = yield* bodyOf(Bodies.read(Bodies.PolicyBody, request.body), '{"settings": {"movesPerHour": 30}}')
      const change = changed(parts, (policy) => Policy.withSettings(policy, body.settings), body.revision)
      return yield* Effect.catchIf(
        change,
        (error) => error._tag === "DocumentChanged",
        ({ message }) => refuse(409, "PolicyChanged", message, "look at GET /v1/policy again and send its revision")
      )
    })
  )

export const applyPlan = (parts: LoopParts, request: AdminServer.AdminRequest) =>
  answered(
    Effect.gen(function* () {
      const read = Bodies.read(Bodies.ApplyBody, request.body, "ignore")
      const plan = yield* bodyOf(read, "the answer of GET /v1/plan, unchanged")
      if (plan.moves.length > Policy.mostApprovedMoves)
        return yield* refuse(
          413,
          "PlanTooLong",
          `the plan has ${plan.moves.length} moves, more than the ${Policy.mostApprovedMoves} that are approved at once`,
          `leave out those after the ${Policy.mostApprovedMoves}th`
        )
      const client = yield* SwarmClient
      const { snapshot } = yield* reading(client.reading)
      const passed = PlanBasis.firstPassed(plan, snapshot)
      if (passed !== null)
        return yield* refuse(409, "PlanStale", `the plan is stale: ${passed}`, "look at GET /v1/plan and apply that")
      yield* PolicyWatch.refresh(parts.policy)
      const nowMillis = yield* Clock.currentTimeMillis
      const state = yield* brakeState(parts, false)
      const hard = Brakes.engaged(state, snapshot, nowMillis).find(
        ({ brake, scope }) =>
          scope.kind === "all" && !Brakes.brakes[brake].yieldsToApproval && brake !== "moves-at-once"
      )
      if (hard !== undefined)
        return yield* refuse(
          409,
          "Held",
          `nothing is moved now: ${hard.reason}`,
          `release the brake ${hard.brake} first`
        )
      const { revision } = yield* PolicyWatch.change(parts.policy, (policy) =>
        Policy.approved(policy, plan, "the API", nowMillis)
      )
      yield* client.hurry
      return AdminServer.json(202, {
        apiVersion: ApiProblem.apiVersion,
        kind: "Approved",
        moves: plan.moves.length,
        revision,
        /** The instance there makes the moves; `GET /v1/moves` tells how they ended. */
        leader: snapshot.leader?.hostname ?? null
      })
    })
  )
