/**
 * What several workers counted, as one router's counts. Counters and gauges are added up; of what is known of an endpoint the
 * mean latency and the longest ejection count. A worker that ended leaves its counters behind, so that no sum ever falls.
 */
import { type EndpointStats, type ProxyStats, TargetStats, Totals } from "../proxy/ProxyStats.ts"

const addMap = <K>(into: Map<K, number>, from: ReadonlyMap<K, number>): void => {
  for (const [key, value] of from) into.set(key, (into.get(key) ?? 0) + value)
}

const addArray = (into: Float64Array, from: Float64Array): void => {
  for (let i = 0; i < into.length; i++) into[i] = (into[i] ?? 0) + (from[i] ?? 0)
}

const addTarget = (into: TargetStats, from: TargetStats): void => {
  into.requests += from.requests
  into.retries += from.retries
  into.moves += from.moves
  into.held += from.held
  into.clientAborts += from.clientAborts
  into.latencySumMs += from.latencySumMs
  into.holdLongestMs = Math.max(into.holdLongestMs, from.holdLongestMs)
  addArray(into.byClass, from.byClass)
  addArray(into.latency, from.latency)
  addMap(into.failures, from.failures)
  addMap(into.hedges, from.hedges)
}

const mergeEndpoints = (all: ReadonlyArray<ProxyStats>): ReadonlyArray<EndpointStats> =>
  [
    ...Map.groupBy(
      all.flatMap(({ endpoints }) => endpoints),
      ({ task }) => task
    ).values()
  ].flatMap((list) => {
    const [first] = list
    if (first === undefined) return []
    const sum = (of: (one: EndpointStats) => number) => list.reduce((total, one) => total + of(one), 0)
    return [
      {
        ...first,
        outstanding: sum(({ outstanding }) => outstanding),
        idleConnections: sum(({ idleConnections }) => idleConnections),
        latencyMs: sum(({ latencyMs }) => latencyMs) / list.length,
        ejectedForMs: Math.max(...list.map(({ ejectedForMs }) => ejectedForMs))
      }
    ]
  })

/** `running`: the workers' own; `ended`: the last that was heard of those that are gone, of which only counters count. */
export const mergeStats = (running: ReadonlyArray<ProxyStats>, ended: ReadonlyArray<ProxyStats>): ProxyStats => {
  const totals = new Totals()
  const targets = new Map<string, TargetStats>()
  for (const stats of [...running, ...ended]) {
    totals.clientConnectionsTotal += stats.totals.clientConnectionsTotal
    totals.upstreamConnectsTotal += stats.totals.upstreamConnectsTotal
    totals.accessLogDropped += stats.totals.accessLogDropped
    totals.spansDropped += stats.totals.spansDropped
    addMap(totals.rejected, stats.totals.rejected)
    addMap(totals.ejections, stats.totals.ejections)
    for (const [name, from] of stats.targets) {
      const into = targets.get(name) ?? new TargetStats()
      targets.set(name, into)
      addTarget(into, from)
    }
  }
  const sum = (of: (stats: ProxyStats) => number) => running.reduce((total, stats) => total + of(stats), 0)
  totals.clientConnections = sum((stats) => stats.totals.clientConnections)
  totals.requestsInFlight = sum((stats) => stats.totals.requestsInFlight)
  totals.tunnels = sum((stats) => stats.totals.tunnels)
  totals.upstreamConnections = sum((stats) => stats.totals.upstreamConnections)
  return {
    totals,
    targets,
    endpoints: mergeEndpoints(running),
    poolIdle: sum(({ poolIdle }) => poolIdle),
    heldNow: sum(({ heldNow }) => heldNow),
    heldBytes: sum(({ heldBytes }) => heldBytes)
  }
}
