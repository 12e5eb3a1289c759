/**
 * Reads and, for one fault, commands the lab's engines over their sockets with nothing but HTTP: the drill's own eyes, apart
 * from the client that the product uses, so that a fault of that client cannot hide itself.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { request } from "node:http"
import type { SeenContainer, SeenService, SeenTask } from "./Observation.ts"

export class EngineReadFailed extends Schema.TaggedError<EngineReadFailed>()("EngineReadFailed", {
  node: Schema.String,
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.node}'s engine did not answer ${this.path}: ${this.reason}`
  }
}

export interface EngineSocket {
  readonly name: string
  readonly socketPath: string
}

const callTimeoutMillis = 3_000

/** The text of a call's answer; any status but 2xx fails. */
const call = (engine: EngineSocket, path: string, method = "GET"): Effect.Effect<string, EngineReadFailed> =>
  Effect.async<string, EngineReadFailed>((resume) => {
    const fail = (reason: string) => resume(Effect.fail(new EngineReadFailed({ node: engine.name, path, reason })))
    const call = request(
      { socketPath: engine.socketPath, path, method, agent: false, timeout: callTimeoutMillis },
      (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (part: string) => (text += part))
        response.on("error", (error) => fail(error.message))
        response.on("end", () => {
          const status = response.statusCode ?? 0
          if (status >= 200 && status < 300) resume(Effect.succeed(text))
          else fail(`${status} ${text.trim()}`)
        })
      }
    )
    call.on("timeout", () => call.destroy(new Error(`no answer within ${callTimeoutMillis} ms`)))
    call.on("error", (error) => fail(error.message))
    call.end()
    return Effect.sync(() => call.destroy())
  })

const read = <A>(engine: EngineSocket, path: string, schema: Schema.Schema<A, string>) =>
  Effect.flatMap(call(engine, path), (text) =>
    Effect.mapError(
      Schema.decode(schema)(text),
      (error) => new EngineReadFailed({ node: engine.name, path, reason: error.message })
    )
  )

const Nodes = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      ID: Schema.String,
      Description: Schema.optional(Schema.Struct({ Hostname: Schema.optional(Schema.String) })),
      Status: Schema.Struct({ State: Schema.String }),
      ManagerStatus: Schema.optional(
        Schema.Struct({ Leader: Schema.optional(Schema.Boolean), Reachability: Schema.String })
      )
    })
  )
)

export interface SeenNode {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly leader: boolean
}

export const nodes = (engine: EngineSocket): Effect.Effect<ReadonlyArray<SeenNode>, EngineReadFailed> =>
  Effect.map(read(engine, "/nodes", Nodes), (found) =>
    found
      .map((node) => ({
        id: node.ID,
        name: node.Description?.Hostname ?? node.ID,
        state: node.Status.State,
        leader: node.ManagerStatus?.Leader === true
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name))
  )

const Tasks = Schema.parseJson(
  Schema.Array(
    Schema.Struct({
      ID: Schema.String,
      ServiceID: Schema.String,
      NodeID: Schema.optional(Schema.String),
      DesiredState: Schema.String,
      Status: Schema.Struct({ State: Schema.String })
    })
  )
)

const Services = Schema.parseJson(
  Schema.Array(Schema.Struct({ ID: Schema.String, Spec: Schema.Struct({ Name: Schema.String }) }))
)

/** Everything the timeline follows, in one reading by one manager. */
export interface SwarmReading {
  readonly nodes: ReadonlyArray<SeenNode>
  readonly tasks: ReadonlyArray<SeenTask>
  /** Service id by name. */
  readonly serviceIds: ReadonlyMap<string, string>
}

export const swarm = Effect.fn("EngineReader.swarm")(function* (engine: EngineSocket) {
  const [seenNodes, tasks, services] = yield* Effect.all(
    [nodes(engine), read(engine, "/tasks", Tasks), read(engine, "/services", Services)],
    { concurrency: 3 }
  )
  const nodeName = new Map(seenNodes.map(({ id, name }) => [id, name]))
  const serviceName = new Map(services.map((service) => [service.ID, service.Spec.Name]))
  return {
    nodes: seenNodes,
    tasks: tasks.map((task) => ({
      id: task.ID,
      service: serviceName.get(task.ServiceID) ?? task.ServiceID,
      node: nodeName.get(task.NodeID ?? "") ?? "",
      desired: task.DesiredState,
      state: task.Status.State
    })),
    serviceIds: new Map(services.map((service) => [service.Spec.Name, service.ID]))
  } satisfies SwarmReading
})

/** The JSON text of a member of an object whose members are objects: braces are counted, strings skipped. */
const memberText = (text: string, name: string): string | null => {
  const key = text.indexOf(`,"${name}":{`)
  if (key < 0) return null
  const start = text.indexOf("{", key)
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const c = text[i]
    if (c === '"') for (i++; text[i] !== '"'; i++) if (text[i] === "\\") i++
    if (c === "{") depth++
    if (c === "}" && --depth === 0) return text.slice(start, i + 1)
  }
  return null
}

/** A service's specs as the engine wrote them. */
export const service = (engine: EngineSocket, name: string): Effect.Effect<SeenService, EngineReadFailed> =>
  Effect.map(call(engine, `/services/${encodeURIComponent(name)}`), (text) => ({
    name,
    specText: memberText(text, "Spec") ?? "",
    previousSpecText: memberText(text, "PreviousSpec")
  }))

const Configs = Schema.parseJson(Schema.Array(Schema.Struct({ Spec: Schema.Struct({ Name: Schema.String }) })))

export const configs = (engine: EngineSocket) =>
  Effect.map(read(engine, "/configs", Configs), (found) => found.map(({ Spec }) => Spec.Name))

const Containers = Schema.parseJson(
  Schema.Array(
    Schema.Struct({ Id: Schema.String, Labels: Schema.Record({ key: Schema.String, value: Schema.String }) })
  )
)

const Container = Schema.parseJson(Schema.Struct({ State: Schema.Struct({ StartedAt: Schema.String }) }))

/** The containers of Swarm tasks that run on this engine, with their start times. */
export const containers = Effect.fn("EngineReader.containers")(function* (engine: EngineSocket) {
  const found = yield* read(engine, "/containers/json", Containers)
  return yield* Effect.forEach(
    found.filter(({ Labels }) => Labels["com.docker.swarm.service.name"] !== undefined),
    ({ Id, Labels }) =>
      Effect.map(read(engine, `/containers/${Id}/json`, Container), ({ State }): SeenContainer => ({
        id: Id,
        node: engine.name,
        service: Labels["com.docker.swarm.service.name"] ?? "",
        task: Labels["com.docker.swarm.task.id"] ?? "",
        startedAt: State.StartedAt
      })),
    { concurrency: 4 }
  )
})

/** SIGKILL, as a crash of the process would be. */
export const kill = (engine: EngineSocket, container: string) =>
  Effect.asVoid(call(engine, `/containers/${container}/kill?signal=KILL`, "POST"))
