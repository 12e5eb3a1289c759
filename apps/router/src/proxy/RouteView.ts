/** Routes as an operator wants to see them: who gets what, and why an endpoint gets nothing. */
import type { Endpoint } from "./Endpoint.ts"
import type { RouteEntry } from "./RouteIndex.ts"

export interface EndpointView {
  readonly task: string
  readonly node: string
  readonly address: string
  readonly used: boolean
  /** Why it is not used; empty when it is. */
  readonly reason: string
  readonly outstanding: number
  readonly latencyMs: number
}

export interface RouteView {
  readonly host: string
  readonly path: string
  readonly strip: boolean
  readonly target: string
  readonly services: ReadonlyArray<string>
  readonly holdMillis: number
  readonly held: number
  readonly endpoints: ReadonlyArray<EndpointView>
}

export const viewRoute = (entry: RouteEntry, now: number): RouteView => ({
  host: entry.host,
  path: entry.path,
  strip: entry.strip,
  target: entry.target.name,
  services: entry.target.serviceNames,
  holdMillis: entry.target.holdMillis,
  held: entry.target.queue.length,
  endpoints: entry.target.all.map((endpoint) => viewEndpoint(endpoint, now))
})

const viewEndpoint = (endpoint: Endpoint, now: number): EndpointView => {
  const reason = whyUnused(endpoint, now)
  return {
    task: endpoint.task,
    node: endpoint.node.id,
    address: `${endpoint.address}:${endpoint.port}`,
    used: reason === "",
    reason,
    outstanding: endpoint.outstanding,
    latencyMs: Math.round(endpoint.latency(now) * 100) / 100
  }
}

const whyUnused = (endpoint: Endpoint, now: number): string => {
  if (endpoint.state === "draining") return "draining: Swarm is about to stop its task"
  if (endpoint.service.scheme !== "http") return "its service asks for https to tasks, which is not spoken"
  if (endpoint.node.isSuspect()) return `its node ${endpoint.node.id} does not answer`
  if (!endpoint.backoff.isOut()) return ""
  const left = Math.max(0, endpoint.backoff.until - now)
  return `failed ${endpoint.backoff.failures} times; ${left === 0 ? "tried with the next request" : `out for ${Math.ceil(left)} ms`}`
}
