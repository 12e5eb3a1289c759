/** Routes and endpoints as an operator wants to see them: who gets what, and why an endpoint gets nothing. */
import type { Endpoint } from "./Endpoint.ts"
import type { RouteEntry } from "./RouteIndex.ts"

export interface EndpointView {
  readonly task: string
  readonly service: string
  readonly node: string
  readonly address: string
  readonly scheme: "http" | "https"
  /** On the router's own node: preferred while it is not twice as dear as another. */
  readonly local: boolean
  readonly used: boolean
  /** Why it is not used; empty when it is. */
  readonly reason: string
  readonly outstanding: number
  readonly latencyMs: number
  /** From 0.1 to 1: how much of its share a new task has. */
  readonly warmth: number
  /** What the next request is reckoned to cost there, before the own node's preference. */
  readonly cost: number
  readonly connections: number
  readonly idleConnections: number
  /** In a row, so far. */
  readonly unanswered: number
  readonly gatewayErrors: number
  readonly failures: number
}

export interface ShareView {
  readonly service: string
  readonly weight: number
}

export interface RouteView {
  readonly host: string
  readonly path: string
  readonly strip: boolean
  readonly redirect: "https" | null
  readonly target: string
  readonly services: ReadonlyArray<string>
  /** Null where all endpoints are one pool. */
  readonly shares: ReadonlyArray<ShareView> | null
  /** `evenkeel.lb` in force. */
  readonly loadBalancing: string
  readonly holdMillis: number
  /** `total` of `evenkeel.timeout` in force; 0: none. */
  readonly totalMillis: number
  /** By which `evenkeel.hedge=p95` goes; null where no service asks for it, or too little is known. */
  readonly firstByteP95Ms: number | null
  readonly held: number
  readonly endpoints: ReadonlyArray<EndpointView>
}

export const viewRoute = (entry: RouteEntry, now: number): RouteView => {
  const { host, path, strip, redirect, target } = entry
  const nameOf = (id: string): string => target.serviceNames[target.serviceIds.indexOf(id)] ?? id
  return {
    host,
    path,
    strip,
    redirect,
    target: target.name,
    services: target.serviceNames,
    shares: target.shares?.map(({ service, weight }) => ({ service: nameOf(service), weight })) ?? null,
    loadBalancing: target.policy.label,
    holdMillis: target.holdMillis,
    totalMillis: target.totalMillis,
    firstByteP95Ms: finite(target.firstBytes?.p95(now)),
    held: target.queue.length,
    endpoints: target.all.map((endpoint) => {
      const view = viewEndpoint(endpoint, now)
      const hasShare = endpoint.state !== "ready" || target.ready.includes(endpoint)
      return hasShare ? view : { ...view, used: false, reason: "the share of its service is 0 (evenkeel.weight)" }
    })
  }
}

const finite = (value = Infinity): number | null => (value === Infinity ? null : hundredths(value))

const hundredths = (value: number): number => Math.round(value * 100) / 100

export const viewEndpoint = (endpoint: Endpoint, now: number): EndpointView => {
  const reason = whyUnused(endpoint, now)
  return {
    task: endpoint.task,
    service: endpoint.service.name,
    node: endpoint.node.id,
    address: `${endpoint.address}:${endpoint.port}`,
    scheme: endpoint.service.scheme,
    local: endpoint.local,
    used: reason === "",
    reason,
    outstanding: endpoint.outstanding,
    latencyMs: hundredths(endpoint.latency(now)),
    warmth: hundredths(endpoint.warmth(now)),
    cost: hundredths(endpoint.cost(now, 1)),
    connections: endpoint.open.size,
    idleConnections: endpoint.idle.length,
    unanswered: endpoint.unanswered,
    gatewayErrors: endpoint.gatewayErrors,
    failures: endpoint.backoff.failures
  }
}

const whyUnused = (endpoint: Endpoint, now: number): string => {
  if (endpoint.state === "draining") return "draining: Swarm is about to stop its task"
  if (endpoint.state === "gone") return "gone: the table no longer has its task"
  if (endpoint.node.isSuspect()) return `its node ${endpoint.node.id} does not answer`
  if (endpoint.unhealthy) return "its active checks fail (evenkeel.health)"
  if (endpoint.pausedUntil > now && !endpoint.backoff.isOut())
    return `asked for nothing new by Retry-After, for another ${Math.ceil(endpoint.pausedUntil - now)} ms`
  if (!endpoint.backoff.isOut()) return ""
  const left = Math.max(0, endpoint.backoff.until - now)
  return `failed ${endpoint.backoff.failures} times; ${left === 0 ? "tried with the next request" : `out for ${Math.ceil(left)} ms`}`
}
