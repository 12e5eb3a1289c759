/** What the router's shell asks of the data plane: `proxy/Proxy` in the program, a stand-in in tests of the shell. */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { DataPlaneSettings } from "./DataPlaneSettings.ts"
import type { OverloadLimits } from "./proxy/Limits.ts"
import type { ProxyEvent } from "./proxy/ProxyEvent.ts"
import type { ProxyStats } from "./proxy/ProxyStats.ts"

export interface DataPlane {
  /** `tlsPort`: null where TLS is off. */
  listen(): Promise<{ readonly port: number; readonly tlsPort: number | null }>
  setTable(table: RoutingTable): void
  /** Nodes whose routers are silent. An endpoint of such a node that answers vouches for it: the data plane's own veto. */
  setSuspectNodes(nodes: ReadonlySet<string>): void
  /** A promise where several processes have to be asked. */
  stats(): ProxyStats | Promise<ProxyStats>
  /** Who gets what and why, as values for JSON. */
  describeRoutes(): ReadonlyArray<unknown> | Promise<ReadonlyArray<unknown>>
  /** What is known of every endpoint, as values for JSON. */
  describeEndpoints(): ReadonlyArray<unknown> | Promise<ReadonlyArray<unknown>>
  /** Takes no more connections, lets what is under way end, cuts it at the deadline. */
  close(options: { readonly deadlineMs: number }): Promise<void>
}

interface DataPlaneOptions extends DataPlaneSettings {
  readonly host: string
  readonly port: number
  readonly nodeId: string
  readonly pseudonym: string
  readonly trustedProxies: ReadonlyArray<string>
  readonly limits: OverloadLimits
  readonly onEvent: (event: ProxyEvent) => void
}

export type MakeDataPlane = (options: DataPlaneOptions) => DataPlane
