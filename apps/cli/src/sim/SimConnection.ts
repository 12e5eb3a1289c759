/**
 * The way to an embedded Swarm's control API, by any of its endpoints: one HTTP call, and errors that tell a real engine from
 * an embedded one. Knows no faults.
 */
import * as http from "node:http"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Option from "effect/Option"
import * as EngineEndpoint from "@evenkeel/swarm-client/EngineEndpoint"
import { EngineUnreachable, reasonOf } from "@evenkeel/swarm-client/EngineErrors"
import { Screen } from "../Screen.ts"

/** Represents an engine that answers, and is none of an embedded Swarm. */
export class NotEmbedded extends Schema.TaggedError<NotEmbedded>()("NotEmbedded", { endpoint: Schema.String }) {
  override get message(): string {
    return `Docker at ${this.endpoint} is not an embedded Swarm: faults are only made in one that "evenkeel sim start" runs; name it by --sim or DOCKER_HOST`
  }
}

/** Represents a fault that the embedded Swarm does not make: an unknown node, a fault that makes no sense there. */
export class FaultRefused extends Schema.TaggedError<FaultRefused>()("FaultRefused", {
  endpoint: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the embedded Swarm at ${this.endpoint} refuses: ${this.reason}`
  }
}

const timeoutMs = 5_000

interface Reply {
  readonly status: number
  readonly text: string
}

const send = (endpoint: EngineEndpoint.EngineEndpoint, method: string, path: string, body: string | null) =>
  Effect.async<Reply, EngineUnreachable>((resume) => {
    const name = EngineEndpoint.format(endpoint)
    const fail = (cause: unknown) => resume(new EngineUnreachable({ endpoint: name, cause }))
    const address =
      endpoint.kind === "unix" ? { socketPath: endpoint.path } : { host: endpoint.host, port: endpoint.port }
    const request = http.request({ ...address, method, path, agent: false, timeout: timeoutMs }, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", fail)
      response.on("end", () =>
        resume(Effect.succeed({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }))
      )
    })
    request.on("error", fail)
    request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    if (body !== null) request.setHeader("Content-Type", "application/json")
    request.end(body ?? undefined)
    return Effect.sync(() => request.destroy())
  })

/** `--sim`, else DOCKER_HOST, else the local socket. */
const endpointOf = (sim: Option.Option<string>) =>
  Effect.flatMap(Screen, ({ environment }) =>
    EngineEndpoint.parse({ dockerHost: Option.getOrElse(sim, () => environment["DOCKER_HOST"]) })
  )

/** One call under `/_sim`, its answer decoded. */
export const call = <A, I>(
  schema: Schema.Schema<A, I>,
  sim: Option.Option<string>,
  method: "GET" | "POST",
  path: string,
  body: object | null = null
) =>
  Effect.gen(function* () {
    const endpoint = yield* endpointOf(sim)
    const name = EngineEndpoint.format(endpoint)
    const { status, text } = yield* send(endpoint, method, `/_sim${path}`, body === null ? null : JSON.stringify(body))
    const reason = reasonOf(text)
    if (status === 404 && reason === "page not found") return yield* new NotEmbedded({ endpoint: name })
    if (status >= 400) return yield* new FaultRefused({ endpoint: name, reason })
    return yield* Schema.decode(Schema.parseJson(schema))(text).pipe(
      // Something that answers 200 to every path is no embedded Swarm either.
      Effect.catchIf(ParseResult.isParseError, () => new NotEmbedded({ endpoint: name }))
    )
  })
