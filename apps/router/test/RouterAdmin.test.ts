import { describe, expect, it } from "@effect/vitest"
import { RoutingTable } from "@evenkeel/domain/RoutingTable"
import * as PrometheusText from "@evenkeel/observability/PrometheusText"
import * as RouterAdmin from "../src/RouterAdmin.ts"
import * as RouterMetrics from "../src/RouterMetrics.ts"
import { silenceOf, someStats, status } from "./router.fixture.ts"

const version = { instance: "i", sequence: 3, raftIndex: 77, quorum: true, confirmedAtMillis: 8_000 }
const url = "ws://10.0.0.5:7070/feed"
const full = status({
  view: {
    table: RoutingTable.empty,
    version,
    source: url,
    sources: [{ url, connected: true, hostname: "m1", version, heardAtMillis: 9_500 }]
  },
  certificates: [{ source: "site.crt", names: ["site.example"], validUntil: new Date(5_000_000) }],
  proxy: someStats(),
  heartbeat: { sent: 3, received: 2, rejected: 1, silence: silenceOf({ n2: 1, n3: null, n4: 9 }, ["n2"]) }
})

describe("RouterAdmin", () => {
  it("is ready with a table while it listens and is not draining, and says why not", () => {
    expect(RouterAdmin.readiness(full)).toEqual({ ready: true, reasons: [] })
    expect(RouterAdmin.readiness(status()).reasons.join()).toContain("no routing table yet")
    expect(RouterAdmin.readiness({ ...full, listening: false }).reasons.join()).toContain("not listening")
    expect(RouterAdmin.readiness({ ...full, draining: true }).reasons.join()).toContain("draining")
  })

  it("tells on /routes which table is in force, how old it is, and which peers are silent", () => {
    const page = RouterAdmin.routesPage(full, [{ host: "web" }])
    expect(page).toMatchObject({
      node: { id: "n1", hostname: "alpha" },
      table: { source: url, version: { sequence: 3, raftIndex: 77 }, ageSeconds: 2 },
      feeds: [{ url, connected: true, silentSeconds: 0.5 }],
      peers: [
        { node: "n2", state: "silent" },
        { node: "n3", state: "never heard" },
        { node: "n4", state: "heard" }
      ],
      routes: [{ host: "web" }]
    })
  })
})

describe("RouterMetrics", () => {
  it("keeps Prometheus' rules, empty and full", () => {
    for (const one of [status(), full])
      expect(PrometheusText.lint(RouterMetrics.families(one), RouterMetrics.prefix)).toEqual([])
  })

  it("shows what the data plane counted, in base units and cumulative buckets", () => {
    const text = PrometheusText.render(RouterMetrics.families(full))
    for (const line of [
      'evenkeel_router_requests_total{code="2xx",target="web"} 2',
      'evenkeel_router_requests_total{code="5xx",target="web"} 1',
      'evenkeel_router_failures_total{reason="connect",target="web"} 1',
      'evenkeel_router_longest_hold_seconds{target="web"} 1.5',
      'evenkeel_router_request_duration_seconds_bucket{target="web",le="0.002"} 0',
      'evenkeel_router_request_duration_seconds_bucket{target="web",le="0.005"} 1',
      'evenkeel_router_request_duration_seconds_bucket{target="web",le="1"} 2',
      'evenkeel_router_request_duration_seconds_bucket{target="web",le="60"} 2',
      'evenkeel_router_request_duration_seconds_bucket{target="web",le="+Inf"} 3',
      'evenkeel_router_request_duration_seconds_sum{target="web"} 90.703',
      'evenkeel_router_endpoints{service="web",state="ejected"} 1',
      'evenkeel_router_rejected_total{reason="no-host"} 1',
      'evenkeel_router_ejections_total{cause="connect"} 1',
      "evenkeel_router_access_log_dropped_total 0",
      'evenkeel_router_certificate_expiry_timestamp_seconds{source="site.crt"} 5000',
      "evenkeel_router_table_raft_index 77",
      "evenkeel_router_table_age_seconds 2",
      `evenkeel_router_feed_connected{url="${url}"} 1`,
      "evenkeel_router_silent_nodes 1",
      'evenkeel_router_info{hostname="alpha",node="n1",version="1.2.3"} 1'
    ])
      expect(text).toContain(`${line}\n`)
  })
})
