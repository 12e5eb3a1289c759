/** Calls on a node's engine, or on the simulation: HTTP on a Unix socket, JSON both ways. Says which call failed, and how. */
import * as http from "node:http"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { SimState } from "@evenkeel/swarm-sim/api/SimState"

/** Represents a call that came to nothing, or was refused: then `status` is the answer's. */
export class EngineCallFailed extends Schema.TaggedError<EngineCallFailed>()("EngineCallFailed", {
  call: Schema.String,
  status: Schema.NullOr(Schema.Int),
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.call} failed${this.status === null ? "" : ` with status ${this.status}`}: ${this.reason}`
  }
}

const timeoutMs = 5_000

/** `endpoint` as DOCKER_HOST would name it: `unix:///…/n1.sock`. */
export const call = (
  endpoint: string,
  method: "GET" | "POST",
  path: string,
  body?: object
): Effect.Effect<unknown, EngineCallFailed> =>
  Effect.async((resume) => {
    const name = `${method} ${path} on ${endpoint}`
    const fail = (status: number | null, reason: string): void =>
      resume(new EngineCallFailed({ call: name, status, reason }))
    const request = http.request(
      { socketPath: endpoint.replace(/^unix:\/\//, ""), method, path, agent: false, timeout: timeoutMs },
      (response) => {
        const chunks: Array<Buffer> = []
        const status = response.statusCode ?? 0
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.once("error", (error) => fail(null, error.message))
        response.once("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          if (status >= 400) return fail(status, text.trim())
          try {
            resume(Effect.succeed(text === "" ? null : JSON.parse(text)))
          } catch {
            fail(status, "the answer is no JSON")
          }
        })
      }
    )
    request.once("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    request.once("error", (error) => fail(null, error.message))
    if (body !== undefined) request.setHeader("Content-Type", "application/json")
    request.end(body === undefined ? undefined : JSON.stringify(body))
    return Effect.sync(() => request.destroy())
  })

const Created = Schema.Struct({ ID: Schema.optional(Schema.String), Id: Schema.optional(Schema.String) })

/** Creates an object; its id. */
export const create = (endpoint: string, path: string, body: object): Effect.Effect<string, EngineCallFailed> =>
  Effect.flatMap(call(endpoint, "POST", path, body), (answer) => {
    const { ID, Id } = Schema.decodeUnknownSync(Created)(answer)
    return Effect.succeed(ID ?? Id ?? "")
  })

/** The simulation's own account. */
export interface SimAccount {
  /** Milliseconds of simulated time. */
  readonly nowMillis: number
  /** Hostnames of nodes that have crashed or are cut off. */
  readonly lost: ReadonlySet<string>
}

const accountOf = (answer: unknown): SimAccount => {
  const { nodes, now } = Schema.decodeUnknownSync(SimState)(answer)
  return {
    nowMillis: Date.parse(now),
    lost: new Set(nodes.filter(({ condition }) => condition !== "up").map(({ hostname }) => hostname))
  }
}

/** Makes a fault on a node, or ends it. */
export const fault = (control: string, tag: "crash" | "black-hole" | "restore", node: string) =>
  Effect.map(call(control, "POST", "/_sim/faults", { _tag: tag, node }), accountOf)

export const account = (control: string) => Effect.map(call(control, "GET", "/_sim/state"), accountOf)
