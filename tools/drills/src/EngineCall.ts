/**
 * Calls an engine over its socket with nothing but HTTP: the drills' own eyes and hands, apart from the client that the product
 * uses, so that a fault of that client cannot hide itself.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { request } from "node:http"

/** Represents a call that an engine refused or did not answer. */
export class EngineCallFailed extends Schema.TaggedError<EngineCallFailed>()("EngineCallFailed", {
  socketPath: Schema.String,
  path: Schema.String,
  /** Null when there was no answer. */
  status: Schema.NullOr(Schema.Int),
  reason: Schema.String
}) {
  override get message() {
    return `${this.socketPath} did not do ${this.path}: ${this.status ?? "no answer"}, ${this.reason}`
  }
}

const timeoutMillis = 3_000

export interface Call {
  readonly method?: "GET" | "POST" | "DELETE"
  /** JSON text. */
  readonly body?: string
  readonly timeoutMillis?: number
}

/** The text of the answer; any status but 2xx fails. */
export const call = (
  socketPath: string,
  path: string,
  { body, method = "GET", timeoutMillis: timeout = timeoutMillis }: Call = {}
): Effect.Effect<string, EngineCallFailed> =>
  Effect.async((resume) => {
    const fail = (status: number | null, reason: string) =>
      resume(Effect.fail(new EngineCallFailed({ socketPath, path, status, reason })))
    const headers = body === undefined ? {} : { "content-type": "application/json" }
    const sent = request({ socketPath, path, method, agent: false, timeout, headers }, (response) => {
      let text = ""
      response.setEncoding("utf8")
      response.on("data", (part: string) => (text += part))
      response.on("error", (error) => fail(null, error.message))
      response.on("end", () => {
        const status = response.statusCode ?? 0
        if (status >= 200 && status < 300) resume(Effect.succeed(text))
        else fail(status, text.trim())
      })
    })
    sent.on("timeout", () => sent.destroy(new Error(`silent for ${timeout} ms`)))
    sent.on("error", (error) => fail(null, error.message))
    sent.end(body)
    return Effect.sync(() => sent.destroy())
  })

/** The answer as JSON of this shape. */
export const read = <A, I>(socketPath: string, path: string, schema: Schema.Schema<A, I>, options: Call = {}) =>
  Effect.flatMap(call(socketPath, path, options), (text) =>
    Effect.mapError(
      Schema.decode(Schema.parseJson(schema))(text),
      ({ message }) => new EngineCallFailed({ socketPath, path, status: 200, reason: message })
    )
  )
