/**
 * The few questions the lab asks an engine, over the engine's socket outside the namespaces.
 *
 * Reads only; what changes an engine goes through the docker CLI, as an operator's commands do. Every call ends after two
 * seconds: a manager that lost the quorum does not answer at all.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { request } from "node:http"

/** An engine did not answer, or not as expected. */
export class EngineSilent extends Schema.TaggedError<EngineSilent>()("EngineSilent", {
  node: Schema.String,
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `The engine of ${this.node} gave no answer to ${this.path} (${this.reason}); its log may say why.`
  }
}

/** Which engine: the node's name for messages, and its socket. */
export interface EngineAddress {
  readonly name: string
  readonly socketPath: string
}

const deadlineMs = 2_000

const get = (engine: EngineAddress, path: string): Effect.Effect<string, EngineSilent> =>
  Effect.async<string, EngineSilent>((resume) => {
    const failed = (reason: string) => resume(new EngineSilent({ node: engine.name, path, reason }))
    const call = request(
      { socketPath: engine.socketPath, path, headers: { host: "docker" }, agent: false, timeout: deadlineMs },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.once("error", (cause) => failed(cause.message))
        response.once("end", () => {
          const text = Buffer.concat(chunks).toString("utf8")
          if (response.statusCode === 200) resume(Effect.succeed(text))
          else failed(`status ${response.statusCode}: ${text.trim().slice(0, 300)}`)
        })
      }
    )
    call.once("timeout", () => call.destroy(new Error(`no answer within ${deadlineMs} ms`)))
    call.once("error", (cause) => failed(cause.message))
    call.end()
    return Effect.sync(() => call.destroy())
  })

const getAs = <A, I>(
  engine: EngineAddress,
  path: string,
  schema: Schema.Schema<A, I>
): Effect.Effect<A, EngineSilent> =>
  get(engine, path).pipe(
    Effect.flatMap(Schema.decodeUnknown(Schema.parseJson(schema))),
    Effect.mapError((cause) =>
      cause._tag === "EngineSilent"
        ? cause
        : new EngineSilent({ node: engine.name, path, reason: `unexpected answer: ${cause.message}` })
    )
  )

/** Whether the engine answers. */
export const ping = (engine: EngineAddress): Effect.Effect<boolean> =>
  get(engine, "/_ping").pipe(
    Effect.as(true),
    Effect.orElseSucceed(() => false)
  )

const Info = Schema.Struct({
  Driver: Schema.String,
  Swarm: Schema.Struct({
    NodeID: Schema.String,
    LocalNodeState: Schema.String,
    ControlAvailable: Schema.Boolean,
    Error: Schema.optionalWith(Schema.String, { default: () => "" })
  })
})

/** The engine's own view: `Swarm.LocalNodeState` is `inactive`, `pending`, `active`, `error` or `locked`. */
export const info = (engine: EngineAddress) => getAs(engine, "/info", Info)

const Member = Schema.Struct({
  ID: Schema.String,
  Spec: Schema.Struct({ Role: Schema.String, Availability: Schema.String }),
  Description: Schema.Struct({ Hostname: Schema.optionalWith(Schema.String, { default: () => "" }) }),
  Status: Schema.Struct({ State: Schema.String }),
  ManagerStatus: Schema.optional(
    Schema.Struct({
      Leader: Schema.optionalWith(Schema.Boolean, { default: () => false }),
      Reachability: Schema.optionalWith(Schema.String, { default: () => "" })
    })
  )
})

/** A node as a manager lists it. */
export type Member = typeof Member.Type

/** All nodes of the Swarm; only a manager with quorum answers. */
export const members = (manager: EngineAddress) => getAs(manager, "/nodes", Schema.Array(Member))

const Swarm = Schema.Struct({
  JoinTokens: Schema.Struct({ Manager: Schema.String, Worker: Schema.String }),
  Spec: Schema.Struct({ Dispatcher: Schema.Struct({ HeartbeatPeriod: Schema.Number }) })
})

/** Join tokens and the dispatcher's heartbeat period in nanoseconds. */
export const swarm = (manager: EngineAddress) => getAs(manager, "/swarm", Swarm)

const Network = Schema.Struct({ Name: Schema.String, Driver: Schema.String })

/** Networks the engine knows. */
export const networks = (engine: EngineAddress) => getAs(engine, "/networks", Schema.Array(Network))
