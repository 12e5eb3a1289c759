/** What a manager says of the Swarm: nodes, services with their specs as text, tasks, configs. Reads; judges nothing. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { call, EngineCallFailed, read } from "./EngineCall.ts"

const Node = Schema.Struct({
  ID: Schema.String,
  Spec: Schema.Struct({ Availability: Schema.String }),
  Description: Schema.optional(Schema.Struct({ Hostname: Schema.optional(Schema.String) })),
  Status: Schema.Struct({ State: Schema.String }),
  ManagerStatus: Schema.optional(Schema.Struct({ Leader: Schema.optional(Schema.Boolean) }))
})

const Task = Schema.Struct({
  ID: Schema.String,
  ServiceID: Schema.String,
  Slot: Schema.optional(Schema.Number),
  NodeID: Schema.optional(Schema.String),
  DesiredState: Schema.String,
  Status: Schema.Struct({ State: Schema.String })
})

const Service = Schema.Struct({
  ID: Schema.String,
  Spec: Schema.Struct({ Name: Schema.String }),
  UpdateStatus: Schema.optional(Schema.Struct({ State: Schema.optional(Schema.String) }))
})

const Config = Schema.Struct({ Spec: Schema.Struct({ Name: Schema.String }) })

export interface SeenNode {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly availability: string
  readonly isLeader: boolean
}

export interface SeenTask {
  readonly id: string
  /** The service's name. */
  readonly service: string
  /** 0 for tasks of global services. */
  readonly slot: number
  /** The node's hostname; empty while it has none. */
  readonly node: string
  readonly desired: string
  readonly state: string
}

export interface SeenService {
  readonly id: string
  readonly name: string
  readonly version: string
  /** The spec as the engine wrote it. */
  readonly specText: string
  readonly previousSpecText: string | null
  readonly updateState: string | null
}

export interface SwarmReading {
  readonly nodes: ReadonlyArray<SeenNode>
  readonly services: ReadonlyArray<SeenService>
  readonly tasks: ReadonlyArray<SeenTask>
}

/** Wanted and running. */
export const serves = ({ desired, state }: SeenTask): boolean => desired === "running" && state === "running"

/** Slots of the tasks that have one, by id. */
export const slotsOf = ({ tasks }: SwarmReading): ReadonlyMap<string, number> =>
  new Map(tasks.flatMap(({ id, slot }) => (slot === 0 ? [] : [[id, slot] as const])))

/** The text of an object's member whose value is an object: braces are counted, strings passed over. */
export const memberText = (text: string, name: string): string | null => {
  const key = text.indexOf(`,"${name}":{`)
  if (key < 0) return null
  const start = text.indexOf("{", key)
  let depth = 0
  for (let i = start; i < text.length; i++) {
    const letter = text[i]
    if (letter === '"') for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === "\\") i++
    if (letter === "{") depth++
    if (letter === "}" && --depth === 0) return text.slice(start, i + 1)
  }
  return null
}

export const nodes = (socketPath: string): Effect.Effect<ReadonlyArray<SeenNode>, EngineCallFailed> =>
  Effect.map(read(socketPath, "/nodes", Schema.Array(Node)), (found) =>
    found
      .map((node) => ({
        id: node.ID,
        name: node.Description?.Hostname ?? node.ID,
        state: node.Status.State,
        availability: node.Spec.Availability,
        isLeader: node.ManagerStatus?.Leader === true
      }))
      .toSorted((a, b) => a.name.localeCompare(b.name))
  )

export const service = Effect.fn("SwarmReading.service")(function* (socketPath: string, idOrName: string) {
  const path = `/services/${idOrName}`
  const text = yield* call(socketPath, path)
  const parsed = yield* Effect.mapError(
    Schema.decode(Schema.parseJson(Service))(text),
    ({ message }) => new EngineCallFailed({ socketPath, path, status: 200, reason: message })
  )
  return {
    id: parsed.ID,
    name: parsed.Spec.Name,
    version: /"Version":\{"Index":(\d+)\}/.exec(text)?.[1] ?? "",
    specText: memberText(text, "Spec") ?? "",
    previousSpecText: memberText(text, "PreviousSpec"),
    updateState: parsed.UpdateStatus?.State ?? null
  } satisfies SeenService
})

/** Nodes, tasks, and the services of these ids. */
export const swarm = Effect.fn("SwarmReading.swarm")(function* (socketPath: string, serviceIds: ReadonlyArray<string>) {
  const [seenNodes, tasks, services] = yield* Effect.all(
    [
      nodes(socketPath),
      read(socketPath, "/tasks", Schema.Array(Task)),
      Effect.forEach(serviceIds, (id) => service(socketPath, id))
    ],
    { concurrency: 3 }
  )
  const nodeName = new Map(seenNodes.map(({ id, name }) => [id, name]))
  const serviceName = new Map(services.map(({ id, name }) => [id, name]))
  return {
    nodes: seenNodes,
    services,
    tasks: tasks.map((task) => ({
      id: task.ID,
      service: serviceName.get(task.ServiceID) ?? task.ServiceID,
      slot: task.Slot ?? 0,
      node: nodeName.get(task.NodeID ?? "") ?? "",
      desired: task.DesiredState,
      state: task.Status.State
    }))
  } satisfies SwarmReading
})

export const configs = (socketPath: string) =>
  Effect.map(read(socketPath, "/configs", Schema.Array(Config)), (found) => found.map(({ Spec }) => Spec.Name))
