/**
 * All that can be said of a running router at one moment, gathered for its admin pages and metrics: what is in force, what
 * the data plane counted, which nodes are silent.
 */
import type * as Heartbeat from "./Heartbeat.ts"
import type { ProxyStats } from "./proxy/ProxyStats.ts"
import type { TableView } from "./TableView.ts"
import type { CertificateView } from "./tls/Certificates.ts"

export interface RouterStatus {
  readonly nodeId: string
  readonly nodeHostname: string
  readonly version: string
  readonly nowMillis: number
  /** Whether connections are taken; false before the first table and while draining. */
  readonly listening: boolean
  readonly draining: boolean
  readonly view: TableView
  /** None where TLS is off. */
  readonly certificates: ReadonlyArray<CertificateView>
  readonly proxy: ProxyStats
  readonly heartbeat: Heartbeat.HeartbeatStats
}

/**
 * Seconds since a quorum last confirmed the table in force, as far as the clocks of rebalancer and router agree; null for a
 * table from a file.
 */
export const tableAgeSeconds = ({ nowMillis, view }: RouterStatus): number | null =>
  view.version === null || view.version.confirmedAtMillis === 0
    ? null
    : Math.max(0, nowMillis - view.version.confirmedAtMillis) / 1_000
