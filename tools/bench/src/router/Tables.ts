/** Routing tables of made-up Swarms: what a rebalancer would say about the backends at hand. */
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import { Endpoint, Route, RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import { defaultTimeouts } from "@evenkeel/domain/Timeouts"

export interface TaskAt {
  readonly task: string
  readonly node: string
  readonly host: string
  readonly port: number
  readonly state?: "ready" | "draining"
}

export interface ServiceAt {
  readonly name: string
  readonly host: string
  /** Default `/`. */
  readonly path?: string
  readonly holdMillis?: number
  readonly tasks: ReadonlyArray<TaskAt>
}

/** A route and a service for each of `services`, all settings as a stack file without further labels gives them. */
export const tableOf = (services: ReadonlyArray<ServiceAt>): RoutingTable =>
  new RoutingTable({
    services: services.map(({ holdMillis, name, tasks }) => routedService(name, holdMillis ?? 0, tasks)),
    routes: services.map(
      ({ holdMillis, host, name, path }) =>
        new Route({
          host,
          path: path ?? "/",
          strip: false,
          target: name,
          holdMillis: holdMillis ?? 0,
          services: [ServiceId.make(`id-${name}`)]
        })
    ),
    routers: [],
    problems: []
  })

const routedService = (name: string, holdMillis: number, tasks: ReadonlyArray<TaskAt>): RoutedService =>
  new RoutedService({
    id: ServiceId.make(`id-${name}`),
    name,
    group: null,
    scheme: "http",
    loadBalancing: "ewma",
    retries: 2,
    timeouts: defaultTimeouts,
    holdMillis,
    endpoints: tasks.map(
      ({ host, node, port, state, task }, slot) =>
        new Endpoint({
          task: TaskId.make(task),
          node: NodeId.make(node),
          slot: slot + 1,
          address: host,
          port,
          state: state ?? "ready"
        })
    )
  })
