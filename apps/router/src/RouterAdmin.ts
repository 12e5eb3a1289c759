/** What the router's admin port says beyond metrics: readiness, and `/routes`, who gets what and why. Pure. */
import type { Readiness } from "@evenkeel/observability/AdminServer"
import { type RouterStatus, tableAgeSeconds } from "./RouterStatus.ts"

/** Ready: it has a table, listens, and is not on its way out. */
export const readiness = (status: Pick<RouterStatus, "draining" | "listening" | "view">): Readiness => {
  const reasons: Array<string> = []
  if (status.draining) reasons.push("draining: the router stops")
  else if (status.view.table === null) reasons.push("no routing table yet: no rebalancer was reached")
  else if (!status.listening) reasons.push("not listening yet")
  return { ready: reasons.length === 0, reasons }
}

/** `/routes`: `routes` is the data plane's own account. */
export const routesPage = (status: RouterStatus, routes: ReadonlyArray<unknown>) => {
  const { heartbeat, view } = status
  return {
    node: { id: status.nodeId, hostname: status.nodeHostname },
    table: {
      source: view.source,
      version: view.version,
      ageSeconds: tableAgeSeconds(status),
      problems: view.table?.problems ?? []
    },
    feeds: view.sources.map(({ heardAtMillis, ...feed }) => ({
      ...feed,
      silentSeconds: heardAtMillis === 0 ? null : Math.max(0, status.nowMillis - heardAtMillis) / 1_000
    })),
    peers: [...heartbeat.silence.heardAtMillis].map(([node, heardAt]) => ({
      node,
      state: heardAt === null ? "never heard" : heartbeat.silence.silent.has(node) ? "silent" : "heard"
    })),
    cutOff: heartbeat.silence.cutOff,
    routes
  }
}
