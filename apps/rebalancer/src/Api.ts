/**
 * The rebalancer's HTTP API: what it sees, would move, has moved and was told (`/v1/state`, `/v1/plan`, `/v1/moves`,
 * `/v1/policy`), and what operators tell it (`/v1/plan/apply`, `/v1/pause`, `/v1/resume`, `PUT /v1/policy`). Every instance
 * answers everything: readings are its own, changes go into Swarm's raft. Each request needs the token; without a configured
 * one, reading is open and nothing can be changed.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as BearerToken from "@evenkeel/feed/BearerToken"
import * as AdminServer from "@evenkeel/observability/AdminServer"
import type { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as Changes from "./ApiChanges.ts"
import * as Documents from "./ApiDocuments.ts"
import { problem } from "./ApiProblem.ts"
import { brakeState, planOf } from "./Assessment.ts"
import * as HistoryKeeper from "./HistoryKeeper.ts"
import type { LoopParts } from "./LoopParts.ts"

type Handler = AdminServer.AdminHandler<SwarmClient>
export type Routes = Readonly<Record<string, Handler>>

const getState = (parts: LoopParts, about: Effect.Effect<Documents.About>) =>
  Effect.gen(function* () {
    const current = yield* Ref.get(parts.state)
    const brakes = yield* brakeState(parts, false)
    return AdminServer.json(200, Documents.state(yield* about, current, brakes, yield* Clock.currentTimeMillis))
  })

const getPlan = (parts: LoopParts) =>
  Effect.gen(function* () {
    const { plan, readingFailure, snapshot } = yield* Ref.get(parts.state)
    if (snapshot === null)
      return problem(
        503,
        "NotRead",
        `the Swarm has not been read: ${readingFailure ?? ""}`,
        "try again in some seconds"
      )
    if (plan !== null) return AdminServer.json(200, Documents.plan(plan))
    const state = yield* brakeState(parts, true)
    const { around } = yield* planOf(parts, state, snapshot, yield* Clock.currentTimeMillis)
    return AdminServer.json(200, Documents.plan(around.plan))
  })

const getMoves = (parts: LoopParts) =>
  Effect.gen(function* () {
    const { snapshot } = yield* Ref.get(parts.state)
    // Another instance writes it: what was read before may be of the past.
    if (snapshot?.isReadByLeader !== true) yield* HistoryKeeper.forget(parts.history)
    const moves = yield* HistoryKeeper.moves(parts.history)
    const failure = yield* HistoryKeeper.failure(parts.history)
    if (failure !== null) return problem(503, "HistoryUnknown", failure, "try again in some seconds")
    return AdminServer.json(200, Documents.moves(moves))
  })

const getPolicy = (parts: LoopParts) =>
  Effect.gen(function* () {
    const { failure, held } = yield* Ref.get(parts.policy)
    if (failure !== null)
      return problem(503, "PolicyUnknown", `the policy cannot be read: ${failure}`, "see the message")
    const { engaged } = yield* Ref.get(parts.state)
    const state = yield* brakeState(parts, false)
    return AdminServer.json(200, Documents.policy(state, held.revision, engaged, yield* Clock.currentTimeMillis))
  })

/** The routes of the API server. */
export const routes = (parts: LoopParts, about: Effect.Effect<Documents.About>): Routes => {
  const { token } = parts.config
  const guarded = (handler: Handler, isChange: boolean): Handler =>
    Option.match(token, {
      onNone: (): Handler =>
        isChange
          ? () =>
              Effect.succeed(
                problem(403, "NoToken", "this rebalancer takes no changes", "give it a token: EVENKEEL_TOKEN_FILE")
              )
          : handler,
      onSome:
        (wanted): Handler =>
        (request) =>
          BearerToken.matches(wanted, request.headers.authorization)
            ? handler(request)
            : Effect.succeed({
                ...problem(
                  401,
                  "Unauthorized",
                  "the token is missing or wrong",
                  "send the header Authorization: Bearer <token>, with the token that EVENKEEL_TOKEN_FILE holds"
                ),
                headers: { "www-authenticate": "Bearer" }
              })
    })
  const show = (handler: Handler) => guarded(handler, false)
  const change = (handler: Handler) => guarded(handler, true)
  return {
    "GET /v1/state": show(() => getState(parts, about)),
    "GET /v1/plan": show(() => getPlan(parts)),
    "GET /v1/moves": show(() => getMoves(parts)),
    "GET /v1/policy": show(() => getPolicy(parts)),
    "POST /v1/plan/apply": change((request) => Changes.applyPlan(parts, request)),
    "POST /v1/pause": change((request) => Changes.pause(parts, request)),
    "POST /v1/resume": change((request) => Changes.resume(parts, request)),
    "PUT /v1/policy": change((request) => Changes.setPolicy(parts, request))
  }
}
