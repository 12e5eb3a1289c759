/** A stand-in for the data plane, and statuses, for tests of the router's shell. */
import { NodeId } from "@evenkeel/domain/Ids"
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { DataPlane } from "../src/DataPlane.ts"
import * as NodeSilence from "../src/NodeSilence.ts"
import { type ProxyStats, TargetStats, Totals } from "../src/proxy/ProxyStats.ts"
import type { RouterStatus } from "../src/RouterStatus.ts"

const noStats = (): ProxyStats => ({
  totals: new Totals(),
  targets: new Map(),
  endpoints: [],
  poolIdle: 0,
  heldNow: 0,
  heldBytes: 0
})

/** Statistics in which every family has a sample. */
export const someStats = (): ProxyStats => {
  const web = new TargetStats()
  web.observe(200, 3)
  web.observe(200, 700)
  web.observe(503, 90_000)
  web.fail("connect")
  web.held = 2
  web.holdLongestMs = 1_500
  const totals = new Totals()
  totals.reject("no-host")
  totals.eject("connect")
  const endpoint = { task: "t1", node: "n1", service: "web", address: "10.0.0.1:80", outstanding: 1, latencyMs: 2 }
  return {
    totals,
    targets: new Map([["web", web]]),
    endpoints: [
      { ...endpoint, idleConnections: 1, ejectedForMs: 0 },
      { ...endpoint, task: "t2", idleConnections: 0, ejectedForMs: 900 }
    ],
    poolIdle: 1,
    heldNow: 1,
    heldBytes: 10
  }
}

export const status = (overrides: Partial<RouterStatus> = {}): RouterStatus => ({
  nodeId: "n1",
  nodeHostname: "alpha",
  version: "1.2.3",
  nowMillis: 10_000,
  listening: true,
  draining: false,
  view: { table: null, version: null, source: null, sources: [] },
  certificates: [],
  proxy: noStats(),
  heartbeat: { sent: 0, received: 0, rejected: 0, silence: NodeSilence.empty },
  ...overrides
})

export const silenceOf = (heard: Readonly<Record<string, number | null>>, silent: ReadonlyArray<string>) => ({
  ...NodeSilence.empty,
  heardAtMillis: new Map(Object.entries(heard).map(([node, at]) => [NodeId.make(node), at])),
  silent: new Set(silent.map((node) => NodeId.make(node)))
})

/** Remembers what it is told, in order. `closing` holds its end back until it is called. */
export class RecordingPlane implements DataPlane {
  readonly calls: Array<string> = []
  table: RoutingTable | null = null
  readonly closed = Promise.withResolvers<void>()
  readonly closeAsked = Promise.withResolvers<void>()

  async listen() {
    this.calls.push(this.table === null ? "listen without a table" : "listen")
    return { port: 4242, tlsPort: null }
  }
  setTable(table: RoutingTable) {
    this.table = table
    this.calls.push(`table ${table.services.map(({ name }) => name).join()}`)
  }
  setSuspectNodes(nodes: ReadonlySet<string>) {
    this.calls.push(`suspect ${[...nodes].join()}`)
  }
  stats() {
    return noStats()
  }
  describeEndpoints() {
    return [{ task: "t1", used: true }]
  }
  describeRoutes() {
    return [{ host: "web", why: "it says so" }]
  }
  async close({ deadlineMs }: { readonly deadlineMs: number }) {
    this.calls.push(`close ${deadlineMs}`)
    this.closeAsked.resolve()
    await this.closed.promise
  }
}
