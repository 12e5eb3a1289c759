/** What the router's shell asks of the data plane: `proxy/Proxy` in the program, a stand-in in tests of the shell. */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { ProxyEvent } from "./proxy/ProxyEvent.ts"
import type { ProxyStats } from "./proxy/ProxyStats.ts"

export interface DataPlane {
  listen(): Promise<{ readonly port: number }>
  setTable(table: RoutingTable): void
  /** Nodes whose routers are silent. An endpoint of such a node that answers vouches for it: the data plane's own veto. */
  setSuspectNodes(nodes: ReadonlySet<string>): void
  stats(): ProxyStats
  /** Who gets what and why, as values for JSON. */
  describeRoutes(): ReadonlyArray<unknown>
  /** Takes no more connections, lets what is under way end, cuts it at the deadline. */
  close(options: { readonly deadlineMs: number }): Promise<void>
}

interface DataPlaneOptions {
  readonly host: string
  readonly port: number
  readonly nodeId: string
  readonly pseudonym: string
  readonly trustedProxies: ReadonlyArray<string>
  readonly onEvent: (event: ProxyEvent) => void
}

export type MakeDataPlane = (options: DataPlaneOptions) => DataPlane
