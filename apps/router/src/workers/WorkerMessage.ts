/** What the router's first process and its workers say to one another, as values that cross a process boundary. */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { OverloadLimits } from "../proxy/Limits.ts"
import type { ProxyEvent } from "../proxy/ProxyEvent.ts"
import type { ProxyStats } from "../proxy/ProxyStats.ts"

/** What a worker's proxy is made with, besides what the worker reads from the settings itself. */
export interface WorkerOptions {
  readonly host: string
  readonly port: number
  /** Null where TLS is off. */
  readonly tlsPort: number | null
  readonly nodeId: string
  readonly pseudonym: string
  readonly trustedProxies: ReadonlyArray<string>
  readonly stickyKey: string | null
  /** Of the whole router. */
  readonly limits: OverloadLimits
  /** How many share the limits of the whole router. */
  readonly workers: number
}

export type ToWorker =
  | {
      readonly type: "start"
      readonly options: WorkerOptions
      readonly table: RoutingTable | null
      readonly silent: ReadonlySet<string>
    }
  | { readonly type: "table"; readonly table: RoutingTable }
  | { readonly type: "silent"; readonly silent: ReadonlySet<string> }
  | { readonly type: "report"; readonly id: number }
  | { readonly type: "close"; readonly deadlineMs: number }

/** What one worker has counted and knows. */
export interface WorkerReport {
  readonly stats: ProxyStats
  readonly routes: ReadonlyArray<unknown>
  readonly endpoints: ReadonlyArray<unknown>
}

export type FromWorker =
  /** Its settings are read: it can be started. */
  | { readonly type: "ready" }
  | { readonly type: "listening"; readonly port: number; readonly tlsPort: number | null }
  | { readonly type: "failed"; readonly message: string; readonly code: string | null; readonly port: number | null }
  | { readonly type: "event"; readonly event: ProxyEvent }
  | { readonly type: "report"; readonly id: number; readonly report: WorkerReport }
  | { readonly type: "closed" }

/** The argument by which the program knows that it is to be a worker. */
export const workerFlag = "--as-worker"
