/** Routing tables of few words: services, their tasks, and the routes of their names. */
import { Endpoint, Route, RoutedService, RoutingTable } from "@evenkeel/domain/RoutingTable"
import { NodeId, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import type { HealthCheck } from "@evenkeel/domain/HealthCheck"
import type { HedgeDelay } from "@evenkeel/domain/Hedging"
import type { LoadBalancing } from "@evenkeel/domain/LoadBalancing"
import { defaultTimeouts } from "@evenkeel/domain/Timeouts"

export interface At {
  readonly host: string
  readonly port: number
}

export interface TaskSpec {
  readonly task: string
  readonly node?: string
  readonly at: At
  readonly state?: "ready" | "draining"
}

export interface ServiceSpec {
  readonly name: string
  readonly tasks: ReadonlyArray<TaskSpec>
  readonly holdMillis?: number
  readonly retries?: number
  readonly scheme?: "http" | "https"
  readonly verifyName?: string
  readonly loadBalancing?: LoadBalancing
  readonly health?: Partial<HealthCheck>
  readonly timeouts?: Partial<typeof defaultTimeouts>
  readonly hedgeAfter?: HedgeDelay
}

export interface RouteSpec {
  readonly host: string
  readonly path?: string
  readonly strip?: boolean
  readonly target?: string
  readonly services: readonly [string, ...Array<string>]
  readonly holdMillis?: number
  readonly weights?: ReadonlyArray<number>
  readonly redirect?: "https"
}

const quickChecks: HealthCheck = {
  method: "GET",
  path: "/healthz",
  everyMillis: 20,
  timeoutMillis: 1_000,
  fall: 2,
  rise: 2
}

/** A table of services, each with the route of its own name unless `routes` says otherwise. */
export const tableOf = (services: ReadonlyArray<ServiceSpec>, routes?: ReadonlyArray<RouteSpec>): RoutingTable => {
  const id = (name: string) => ServiceId.make(`id-${name}`)
  const hold = new Map(services.map((service) => [service.name, service.holdMillis ?? 0]))
  const all: ReadonlyArray<RouteSpec> =
    routes ?? services.map(({ name }) => ({ host: name, services: [name] as const }))
  return new RoutingTable({
    services: services.map(
      (service) =>
        new RoutedService({
          id: id(service.name),
          name: service.name,
          group: null,
          scheme: service.scheme ?? "http",
          verifyName: service.verifyName ?? null,
          loadBalancing: service.loadBalancing ?? "ewma",
          health: service.health === undefined ? null : { ...quickChecks, ...service.health },
          retries: service.retries ?? 2,
          timeouts: { ...defaultTimeouts, ...service.timeouts },
          holdMillis: service.holdMillis ?? 0,
          hedgeAfter: service.hedgeAfter ?? null,
          endpoints: service.tasks.map(
            ({ task, node, at, state }, slot) =>
              new Endpoint({
                task: TaskId.make(task),
                node: NodeId.make(node ?? `node-${task}`),
                slot: slot + 1,
                address: at.host,
                port: at.port,
                state: state ?? "ready"
              })
          )
        })
    ),
    routes: all.map(
      (route) =>
        new Route({
          host: route.host,
          path: route.path ?? "/",
          strip: route.strip ?? false,
          target: route.target ?? route.services[0],
          holdMillis: route.holdMillis ?? Math.max(...route.services.map((name) => hold.get(name) ?? 0)),
          services: [id(route.services[0]), ...route.services.slice(1).map(id)],
          weights: route.weights ?? null,
          redirect: route.redirect ?? null
        })
    ),
    routers: [],
    problems: []
  })
}

/** Two tasks, of which `first` is chosen first: it is on the router's own node. `prefix`: of their names. */
export const ownNodeFirst = (first: At, second: At, prefix = ""): ReadonlyArray<TaskSpec> => [
  { task: `${prefix}first`, node: "node-router", at: first },
  { task: `${prefix}second`, node: "n2", at: second }
]
