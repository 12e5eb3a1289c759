/**
 * Calls on the engine in its own API version, each with a time-out, their refusals told apart. Knows statuses, not objects.
 *
 * The version is always the engine's newest (`Api-Version` of its answers): with an older one the engine leaves fields out of
 * what it sends and drops them from what it gets, which restarts tasks. It is asked once and then watched on every answer, so
 * that an engine upgraded under a running client is noticed: a read is repeated in the new version.
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type AnswerHead, EngineConnection, type EngineRequest, type EngineStream } from "./EngineConnection.ts"
import {
  EngineAnswerMalformed,
  type EngineError,
  EngineTimedOut,
  type EngineUnreachable,
  fromStatus,
  reasonOf
} from "./EngineErrors.ts"
import { EnginePing } from "./WireEngine.ts"

/** A call that the engine refused: the status and its words, before they are given a meaning. */
export interface Refusal {
  readonly status: number
  readonly reason: string
}

export interface Call extends EngineRequest {
  /** For messages: `list tasks`, `update service x7…`. */
  readonly operation: string
}

export interface CallsOptions {
  /** How long the engine may be silent: before its answer's head, and before each further piece of it. Defaults to 2000. */
  readonly callTimeoutMs?: number | undefined
}

export interface EngineCalls {
  readonly endpoint: string
  readonly ping: Effect.Effect<EnginePing, EngineError>
  /** The text of a success; `refused` may claim a refusal for an error of its own by not returning undefined. */
  readonly text: <E = never>(
    call: Call,
    refused?: (refusal: Refusal) => E | undefined
  ) => Effect.Effect<string, EngineError | E>
  /** An answer without end; the time-out holds until its head is there. */
  readonly open: (call: Call) => Effect.Effect<EngineStream, EngineError, Scope.Scope>
}

export const defaultCallTimeoutMs = 2000

/** A whole call may take so many of its time-outs: an engine that sends a byte now and then does not hold a caller for ever. */
const longestCall = 15

/** A timer that fires so many milliseconds late tells that this process did not listen: what came meanwhile is looked at first. */
const lateMillis = 100

export const make = Effect.fnUntraced(function* (options: CallsOptions = {}) {
  const connection = yield* EngineConnection
  const { endpoint } = connection
  const timeoutMillis = options.callTimeoutMs ?? defaultCallTimeoutMs
  const version = yield* Ref.make<string | null>(null)

  const inTime = <A, E, R>(operation: string, effect: Effect.Effect<A, E, R>) =>
    Effect.timeoutFail(effect, {
      duration: timeoutMillis,
      onTimeout: () => new EngineTimedOut({ endpoint, operation, timeoutMillis })
    })

  /** For answers of any length: the time begins anew with each piece of it. */
  const unlessSilent = <A, E, R>(operation: string, send: (heard: () => void) => Effect.Effect<A, E, R>) =>
    Effect.clockWith((clock) => {
      const now = () => clock.unsafeCurrentTimeMillis()
      const begunAtMillis = now()
      let heardAtMillis = begunAtMillis
      const silence = (mayBeLate: boolean): Effect.Effect<never, EngineTimedOut> =>
        Effect.suspend(() => {
          const deadline = Math.min(heardAtMillis, begunAtMillis + (longestCall - 1) * timeoutMillis) + timeoutMillis
          const left = deadline - now()
          if (left > 0) return Effect.zipRight(Effect.sleep(left), silence(true))
          if (mayBeLate && left < -lateMillis) return Effect.zipRight(Effect.sleep(lateMillis), silence(false))
          const isWholeCall = now() - begunAtMillis >= longestCall * timeoutMillis
          return new EngineTimedOut({
            endpoint,
            operation,
            timeoutMillis: isWholeCall ? longestCall * timeoutMillis : timeoutMillis
          })
        })
      // Also for a caller that may not be interrupted: whichever loses is, and is not waited for to its end.
      return Effect.raceFirst(
        Effect.interruptible(send(() => (heardAtMillis = now()))),
        Effect.interruptible(silence(true))
      )
    })

  const ping: Effect.Effect<EnginePing, EngineError> = Effect.gen(function* () {
    const operation = "ping"
    const answer = yield* inTime(operation, connection.send({ method: "GET", path: "/_ping" }))
    if (answer.status >= 400) return yield* fromStatus(endpoint, operation, answer.status, reasonOf(answer.text))
    if (answer.apiVersion === null || !/^\d+\.\d+$/.test(answer.apiVersion))
      return yield* new EngineAnswerMalformed({
        operation,
        object: "the answer",
        field: "Api-Version",
        cause: new Error(`header Api-Version is ${answer.apiVersion ?? "absent"}`)
      })
    yield* Ref.set(version, answer.apiVersion)
    return new EnginePing({ apiVersion: answer.apiVersion, server: answer.server ?? "" })
  })

  const currentVersion = Effect.flatMap(Ref.get(version), (known) =>
    known === null ? Effect.map(ping, ({ apiVersion }) => apiVersion) : Effect.succeed(known)
  )

  /** Whether the answer came from an engine with another version than was asked for; what it has is noted. */
  const hasMoved = (asked: string, head: AnswerHead) =>
    head.apiVersion === null || head.apiVersion === asked
      ? Effect.succeed(false)
      : Effect.as(Ref.set(version, head.apiVersion), true)

  /** In the engine's version; a read that found a newer engine is repeated once. */
  const versioned = <A extends AnswerHead, R>(
    call: Call,
    attemptOf: (request: EngineRequest) => Effect.Effect<A, EngineUnreachable | EngineTimedOut, R>
  ): Effect.Effect<A, EngineError, R> =>
    Effect.gen(function* () {
      // A write is not repeated, so it may not go out in a version that has passed.
      const isWrite = call.method !== "GET"
      const asked = isWrite ? (yield* ping).apiVersion : yield* currentVersion
      const attempt = (apiVersion: string) => attemptOf({ ...call, path: `/v${apiVersion}${call.path}` })
      const answer = yield* attempt(asked)
      if (!(yield* hasMoved(asked, answer)) || isWrite) return answer
      return yield* attempt(yield* currentVersion)
    })

  const text = <E = never>(call: Call, refused?: (refusal: Refusal) => E | undefined) =>
    Effect.gen(function* () {
      const answer = yield* versioned(call, (request) =>
        unlessSilent(call.operation, (heard) => connection.send(request, heard))
      )
      if (answer.status < 400) return answer.text
      const refusal = { status: answer.status, reason: reasonOf(answer.text) }
      const own = refused?.(refusal)
      if (own !== undefined) return yield* Effect.fail(own)
      return yield* fromStatus(endpoint, call.operation, refusal.status, refusal.reason)
    })

  const open = (call: Call) =>
    Effect.gen(function* () {
      const answer = yield* versioned(call, (request) => inTime(call.operation, connection.open(request)))
      if (answer.status < 400) return answer
      const body = answer.chunks.pipe(Stream.decodeText("utf-8"), Stream.mkString)
      const reason = reasonOf(yield* inTime(call.operation, body))
      return yield* fromStatus(endpoint, call.operation, answer.status, reason)
    })

  const calls: EngineCalls = { endpoint, ping, text, open }
  return calls
})
