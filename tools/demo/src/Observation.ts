/**
 * What a manager says of nodes, services and tasks at one moment, reduced to what the demo shows and judges. Pure but for the
 * three calls that read it.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Engine from "./Engine.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optional(Schema.NullOr(schema))

const Nodes = Schema.Array(
  Schema.Struct({
    ID: Schema.String,
    Description: Schema.Struct({ Hostname: Schema.String }),
    Status: Schema.Struct({ State: Schema.String }),
    ManagerStatus: optional(Schema.Struct({ Leader: optional(Schema.Boolean) }))
  })
)
const Services = Schema.Array(
  Schema.Struct({
    ID: Schema.String,
    Spec: Schema.Struct({
      Name: Schema.String,
      Labels: optional(Schema.Record({ key: Schema.String, value: Schema.String }))
    }),
    UpdateStatus: optional(Schema.Struct({ State: optional(Schema.String) }))
  })
)
const Tasks = Schema.Array(
  Schema.Struct({
    ID: Schema.String,
    ServiceID: Schema.String,
    NodeID: optional(Schema.String),
    Slot: optional(Schema.Number),
    DesiredState: Schema.String,
    Status: Schema.Struct({ State: Schema.String, Timestamp: Schema.String })
  })
)

export interface ObservedTask {
  readonly id: string
  /** Short: without the stack's name. */
  readonly service: string
  readonly slot: number
  /** Hostname; empty until it is placed. */
  readonly node: string
  /** Wanted and running on a node that is there. */
  readonly isServing: boolean
  /** Wanted and not running yet. */
  readonly isStarting: boolean
  /** Running, and told to stop. */
  readonly isStopping: boolean
  /** When its state was reached, in milliseconds of simulated time. */
  readonly sinceMillis: number
}

export interface ObservedNode {
  readonly hostname: string
  /** Swarm's word: `ready`, `down`, `unknown`. */
  readonly state: string
  readonly isLeader: boolean
}

export interface Observation {
  readonly nodes: ReadonlyArray<ObservedNode>
  readonly tasks: ReadonlyArray<ObservedTask>
  /** Services that Evenkeel is moving a task of. */
  readonly moving: ReadonlyArray<string>
}

const journalPrefix = "evenkeel.journal"

const shortName = (name: string): string => name.slice(name.indexOf("_") + 1)

/** From the engine's lists. */
export const fromLists = (
  nodes: typeof Nodes.Type,
  services: typeof Services.Type,
  tasks: typeof Tasks.Type
): Observation => {
  const nodeById = new Map(nodes.map((node) => [node.ID, node]))
  const serviceById = new Map(services.map((service) => [service.ID, service]))
  return {
    nodes: nodes
      .map((node) => ({
        hostname: node.Description.Hostname,
        state: node.Status.State,
        isLeader: node.ManagerStatus?.Leader === true
      }))
      .toSorted((a, b) => a.hostname.localeCompare(b.hostname, "en", { numeric: true })),
    tasks: tasks
      .map((task): ObservedTask => {
        const node = nodeById.get(task.NodeID ?? "")
        const isWanted = task.DesiredState === "running"
        const isRunning = task.Status.State === "running"
        return {
          id: task.ID,
          service: shortName(serviceById.get(task.ServiceID)?.Spec.Name ?? task.ServiceID),
          slot: task.Slot ?? 0,
          node: node?.Description.Hostname ?? "",
          isServing: isWanted && isRunning && node?.Status.State !== "down",
          isStarting: isWanted && ["preparing", "ready", "starting"].includes(task.Status.State),
          isStopping: !isWanted && isRunning && node?.Status.State !== "down",
          sinceMillis: Date.parse(task.Status.Timestamp)
        }
      })
      .toSorted((a, b) => a.service.localeCompare(b.service, "en", { numeric: true }) || a.slot - b.slot),
    moving: services
      .filter(({ Spec }) => Object.keys(Spec.Labels ?? {}).some((label) => label.startsWith(journalPrefix)))
      .map(({ Spec }) => shortName(Spec.Name))
  }
}

const list = <A, I>(endpoint: string, path: string, schema: Schema.Schema<A, I>) =>
  Effect.flatMap(Engine.call(endpoint, "GET", path), (answer) =>
    Effect.mapError(
      Schema.decodeUnknown(schema)(answer),
      (error) =>
        new Engine.EngineCallFailed({ call: `GET ${path} on ${endpoint}`, status: null, reason: error.message })
    )
  )

/** Reads from the manager at `endpoint`. */
export const read = (endpoint: string): Effect.Effect<Observation, Engine.EngineCallFailed> =>
  Effect.map(
    Effect.all(
      [list(endpoint, "/nodes", Nodes), list(endpoint, "/services", Services), list(endpoint, "/tasks", Tasks)],
      {
        concurrency: "unbounded"
      }
    ),
    ([nodes, services, tasks]) => fromLists(nodes, services, tasks)
  )

/** Routers and rebalancers are not what is balanced. */
export const isWorkload = ({ service }: ObservedTask): boolean => service !== "router" && service !== "rebalancer"

/** Of the workload, by node in the order of `nodes`: `2-2-2`. */
export const placement = (
  { nodes, tasks }: Observation,
  wanted: (task: ObservedTask) => boolean
): ReadonlyArray<number> =>
  nodes.map(({ hostname }) => tasks.filter((task) => task.isServing && task.node === hostname && wanted(task)).length)
