/**
 * What the API changes. Every change is one of the policy in Swarm's raft, so any instance takes it, it holds on all within two
 * seconds, and it outlives whoever took it. The instance that leads acts on it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Plan } from "@evenkeel/domain/Plan"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
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
    Effect.succeed(error instanceof Answered ? error.response : ApiProblem.ofError(error))
  )

const bodyOf = <A>(read: Either.Either<A, string>, example: string) =>
  Either.match(read, {
    onLeft: (why) =>
      refuse(400, "BadRequest", `the request cannot be understood: ${why}`, `send JSON such as ${example}`),
    onRight: Effect.succeed
  })

const serviceOf = (wanted: string): Effect.Effect<Service, Answered, SwarmClient> =>
  Effect.gen(function* () {
    const client = yield* SwarmClient
    const record = yield* Effect.either(client.service(wanted))
    if (Either.isRight(record)) return record.right.service
    if (record.left._tag !== "ServiceNotFound") return yield* Effect.fail(new Answered(ApiProblem.ofError(record.left)))
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

const changed = (parts: LoopParts, change: (policy: Policy.Policy) => Policy.Policy) =>
  Effect.gen(function* () {
    const { revision } = yield* PolicyWatch.change(parts.policy, change)
    yield* Effect.flatMap(SwarmClient, ({ hurry }) => hurry)
    return AdminServer.json(200, yield* currentPolicy(parts, revision))
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
      const { failure, held } = yield* PolicyWatch.refresh(parts.policy)
      if (failure !== null)
        return yield* refuse(503, "PolicyUnknown", `the policy cannot be read: ${failure}`, "try again in some seconds")
      if (body.revision !== undefined && body.revision !== held.revision)
        return yield* refuse(
          409,
          "PolicyChanged",
          `revision ${body.revision} of the policy was changed since: ${held.revision} holds`,
          "look at GET /v1/policy again and send its revision"
        )
      return yield* changed(parts, (policy) => Policy.withSettings(policy, body.settings))
    })
  )

/** What the plan was made from and is no longer so, as words; null when all is as it was. */
export const firstPassed = ({ basedOn, moves }: Plan, snapshot: Snapshot): string | null => {
  for (const { service, version } of basedOn.services) {
    const found = snapshot.service(service)
    const name = moves.find((move) => move.service === service)?.serviceName ?? service
    if (found === undefined) return `service ${name} is gone`
    if (found.version !== version) return `service ${found.name} was changed`
  }
  for (const { node, version } of basedOn.nodes) {
    const found = snapshot.node(node)
    if (found === undefined) return `node ${node} is gone`
    if (found.version !== version) return `node ${found.hostname} was changed`
  }
  return null
}

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
      const { snapshot } = yield* client.reading
      const passed = firstPassed(plan, snapshot)
      if (passed !== null)
        return yield* refuse(
          409,
          "PlanStale",
          `the plan is stale: ${passed} since`,
          "look at GET /v1/plan and apply that"
        )
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
