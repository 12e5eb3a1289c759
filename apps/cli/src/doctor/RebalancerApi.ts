/** What a rebalancer says of itself: whether it can read the Swarm, and how many routers follow it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Finding, ok, problem, skipped } from "./Finding.ts"

export interface ApiAnswer {
  readonly status: number
  readonly body: string
}

/** One GET; a failure is a sentence. */
export class ApiAccess extends Context.Tag("@evenkeel/cli/ApiAccess")<
  ApiAccess,
  { readonly get: (url: string, token: string | null) => Effect.Effect<ApiAnswer, string> }
>() {}

/** Represents an address that no request can be sent to. */
export class ApiUrlWrong extends Schema.TaggedError<ApiUrlWrong>()("ApiUrlWrong", { url: Schema.String }) {
  override get message(): string {
    return `--api or EVENKEEL_API ${this.url}: expected a URL such as http://n1:7070`
  }
}

const timeoutMillis = 5_000

export const layer: Layer.Layer<ApiAccess> = Layer.succeed(ApiAccess, {
  get: (url, token) =>
    Effect.tryPromise({
      try: (signal) =>
        fetch(url, {
          headers: token === null ? {} : { authorization: `Bearer ${token}` },
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMillis)])
        }).then((response) => response.text().then((body) => ({ status: response.status, body }))),
      catch: (error) => {
        const cause = error instanceof Error ? (error.cause ?? error) : error
        return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : String(cause)
      }
    })
})

const State = Schema.parseJson(
  Schema.Struct({
    hostname: Schema.String,
    version: Schema.String,
    mode: Schema.String,
    readingFailure: Schema.NullOr(Schema.String),
    policyFailure: Schema.NullOr(Schema.String),
    routers: Schema.NullOr(Schema.Number)
  })
)

const check = "rebalancer"

/** `routers`: how many serve, as the Swarm has it. */
export const findings = (
  api: string | null,
  token: string | null,
  routers: number
): Effect.Effect<ReadonlyArray<Finding>, never, ApiAccess> =>
  Effect.gen(function* () {
    if (api === null)
      return [
        skipped("routers", "swarm", "whether routers follow the rebalancers", "name one: --api http://MANAGER:7070")
      ]
    const subject = `rebalancer ${api}`
    const tokenCure = "set EVENKEEL_TOKEN or EVENKEEL_TOKEN_FILE to its token"
    // Asked before it is sent: what refuses to send it says what it is.
    if (token !== null && !/^[\x21-\x7e]+$/.test(token))
      return [problem(check, subject, "the token is empty, or has characters that no header carries", tokenCure)]
    const { get } = yield* ApiAccess
    const given = yield* Effect.either(get(`${api.replace(/\/+$/, "")}/v1/state`, token))
    if (given._tag === "Left")
      return [
        problem(check, subject, `cannot be reached (${given.left})`, "is it up, and is its port reachable from here?")
      ]
    const { body, status } = given.right
    if (status === 401) return [problem(check, subject, "the token is missing or wrong", tokenCure)]
    const state = Option.getOrNull(Schema.decodeUnknownOption(State)(body))
    if (status !== 200 || state === null)
      return [
        problem(check, subject, `answered with status ${status} and no state`, "is this the API port of a rebalancer?")
      ]
    const failures = [state.readingFailure, state.policyFailure].filter((failure) => failure !== null)
    const following = state.routers ?? 0
    return [
      ...failures.map((failure) => problem(check, subject, failure, "see the message, and its log")),
      ...(failures.length === 0
        ? [ok(check, subject, `on ${state.hostname}, version ${state.version}, mode ${state.mode}`)]
        : []),
      following < routers
        ? problem(
            "routers",
            subject,
            `${following} of ${routers} routers follow it: the others' tables may be stale`,
            "look at the routers' logs: do they have the same EVENKEEL_TOKEN, and resolve EVENKEEL_FEED_DNS?"
          )
        : ok("routers", subject, `${following} of ${routers} routers follow it`)
    ]
  })
