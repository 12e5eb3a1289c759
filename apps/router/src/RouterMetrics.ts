/**
 * The router's metrics as Prometheus families, from a status. Few series: by target, reason and status class, never by client,
 * path or task. Pure.
 */
import type { HistogramSample, MetricFamily, Sample } from "@evenkeel/observability/PrometheusText"
import { latencyBoundsMs, type TargetStats } from "./proxy/ProxyStats.ts"
import { type RouterStatus, tableAgeSeconds } from "./RouterStatus.ts"

export const prefix = "evenkeel_router_"

const scalar = (type: "counter" | "gauge") => (name: string, help: string, value: number) =>
  family(type)(name, help, [{ value }])
const family =
  (type: "counter" | "gauge") =>
  (name: string, help: string, samples: ReadonlyArray<Sample>): MetricFamily => ({
    name: prefix + name,
    help,
    type,
    samples
  })
const counter = scalar("counter")
const counters = family("counter")
const gauge = scalar("gauge")
const gauges = family("gauge")

const targetFamilies = (targets: ReadonlyMap<string, TargetStats>): ReadonlyArray<MetricFamily> => {
  const all = [...targets]
  const each = (value: (stats: TargetStats) => number) =>
    all.map(([target, stats]): Sample => ({ labels: { target }, value: value(stats) }))
  return [
    counters(
      "requests_total",
      "Responses by target and class of status, those made by the router included.",
      all.flatMap(([target, stats]) =>
        [...stats.byClass].flatMap((value, digit) =>
          digit === 0 ? [] : [{ labels: { target, code: `${digit}xx` }, value }]
        )
      )
    ),
    counters(
      "failures_total",
      "Requests that did not get their whole response from a task, by reason.",
      all.flatMap(([target, stats]) =>
        [...stats.failures].map(([reason, value]) => ({ labels: { target, reason }, value }))
      )
    ),
    counters(
      "retries_total",
      "Further tries after a failure.",
      each(({ retries }) => retries)
    ),
    counters(
      "hedges_total",
      "Requests due to be sent to a second task as well, by what became of it.",
      all.flatMap(([target, stats]) =>
        [...stats.hedges].map(([result, value]) => ({ labels: { target, result }, value }))
      )
    ),
    counters(
      "moves_total",
      "Further tries because a node fell silent or a task went away.",
      each(({ moves }) => moves)
    ),
    counters(
      "holds_total",
      "Requests that waited for a task.",
      each(({ held }) => held)
    ),
    gauges(
      "longest_hold_seconds",
      "Longest wait for a task so far.",
      each(({ holdLongestMs }) => holdLongestMs / 1_000)
    ),
    counters(
      "client_aborts_total",
      "Clients that left before their response ended.",
      each((stats) => stats.clientAborts)
    ),
    {
      name: `${prefix}request_duration_seconds`,
      help: "From the whole head of a request to the last byte of its response.",
      type: "histogram",
      samples: all.map(([target, stats]) => histogram(target, stats))
    }
  ]
}

const histogram = (target: string, { latency, latencySumMs }: TargetStats): HistogramSample => {
  let count = 0
  const cumulative = [...latency].map((inBucket) => (count += inBucket))
  return {
    labels: { target },
    bounds: latencyBoundsMs.map((ms) => ms / 1_000),
    counts: cumulative.slice(0, latencyBoundsMs.length),
    sum: latencySumMs / 1_000,
    count
  }
}

const endpointSamples = ({ proxy }: RouterStatus): ReadonlyArray<Sample> => {
  const counts = new Map<string, { in: number; ejected: number }>()
  for (const { ejectedForMs, service } of proxy.endpoints) {
    const count = counts.get(service) ?? { in: 0, ejected: 0 }
    counts.set(service, count)
    if (ejectedForMs > 0) count.ejected++
    else count.in++
  }
  return [...counts].flatMap(([service, count]) => [
    { labels: { service, state: "in" }, value: count.in },
    { labels: { service, state: "ejected" }, value: count.ejected }
  ])
}

const tableFamilies = (status: RouterStatus): ReadonlyArray<MetricFamily> => {
  const { table, version } = status.view
  const age = tableAgeSeconds(status)
  const tasks = table?.services.reduce((sum, { endpoints }) => sum + endpoints.length, 0) ?? 0
  return [
    gauge("table_services", "Services in the routing table.", table?.services.length ?? 0),
    gauge("table_tasks", "Tasks in the routing table.", tasks),
    gauge("table_problems", "Services that are not routed as asked.", table?.problems.length ?? 0),
    gauge("table_raft_index", "Raft index of the table in force; 0 for a file.", version?.raftIndex ?? 0),
    gauges(
      "table_age_seconds",
      "Since a quorum of managers last confirmed the table in force.",
      age === null ? [] : [{ value: age }]
    ),
    gauges(
      "feed_connected",
      "Whether the feed of a rebalancer is connected.",
      status.view.sources.map(({ connected, url }) => ({ labels: { url }, value: Number(connected) }))
    )
  ]
}

/** All families; those without samples are announced all the same. */
export const families = (status: RouterStatus): ReadonlyArray<MetricFamily> => {
  const { heartbeat, proxy } = status
  const { totals } = proxy
  const info = { node: status.nodeId, hostname: status.nodeHostname, version: status.version }
  return [
    gauges("info", "The router itself.", [{ labels: info, value: 1 }]),
    gauge("ready", "Whether it takes requests.", Number(status.listening && !status.draining)),
    ...targetFamilies(proxy.targets),
    counters(
      "rejected_total",
      "Requests refused before a route was known, by reason.",
      [...totals.rejected].map(([reason, value]) => ({ labels: { reason }, value }))
    ),
    counters(
      "ejections_total",
      "Tasks that were put out for a while, by cause.",
      [...totals.ejections].map(([cause, value]) => ({ labels: { cause }, value }))
    ),
    counter("access_log_dropped_total", "Lines of the access log that could not be written.", totals.accessLogDropped),
    counter("spans_dropped_total", "Spans of traces that could not be exported.", totals.spansDropped),
    gauge("client_connections", "Open connections of clients.", totals.clientConnections),
    counter(
      "client_connections_opened_total",
      "Connections of clients since the start.",
      totals.clientConnectionsTotal
    ),
    gauge("requests_in_flight", "Requests under way.", totals.requestsInFlight),
    gauge("requests_waiting", "Requests that wait for a task now.", proxy.heldNow),
    gauge("waiting_bytes", "Bytes of bodies kept for requests that wait.", proxy.heldBytes),
    gauge("tunnels", "Open WebSocket tunnels.", totals.tunnels),
    gauge("upstream_connections", "Open connections to tasks.", totals.upstreamConnections),
    gauge("upstream_idle_connections", "Connections to tasks that wait for their next request.", proxy.poolIdle),
    counter("upstream_connections_opened_total", "Connections to tasks since the start.", totals.upstreamConnectsTotal),
    gauges(
      "endpoints",
      "Tasks that requests may go to, by service; ejected ones failed lately.",
      endpointSamples(status)
    ),
    gauges(
      "certificate_expiry_timestamp_seconds",
      "When the certificates of the TLS port end, in Unix time.",
      status.certificates.map(({ source, validUntil }) => ({
        labels: { source },
        value: validUntil.getTime() / 1_000
      }))
    ),
    ...tableFamilies(status),
    counter("heartbeats_sent_total", "Heartbeats sent to other routers.", heartbeat.sent),
    counter("heartbeats_received_total", "Heartbeats of other routers.", heartbeat.received),
    counter("heartbeats_rejected_total", "Datagrams without our token, repeated or malformed.", heartbeat.rejected),
    gauge("silent_nodes", "Nodes whose routers fell silent.", heartbeat.silence.silent.size),
    gauge("cut_off", "Whether no other router is heard.", Number(heartbeat.silence.cutOff))
  ]
}
