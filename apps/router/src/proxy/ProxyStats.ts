/** What the data plane counts. Plain numbers, written in place; whoever reads them makes metrics of them. */

/** Upper bounds of the latency buckets in milliseconds; one more bucket takes what is slower. */
export const latencyBoundsMs = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000
] as const

/**
 * What became of a request that was due to be sent to a second task: `won`: the second answered first, or the first failed; `lost`: the first did; `failed`:
 * the second failed; `left`: the request ended before either answered; `no-budget` and `no-endpoint`: it was not sent.
 */
export type HedgeResult = "won" | "lost" | "failed" | "left" | "no-budget" | "no-endpoint"

/** Why a request did not get its whole response from an endpoint. */
export type FailureReason =
  | "no-route"
  | "no-endpoint"
  | "hold-expired"
  | "hold-full"
  | "overload"
  | "connect"
  | "connect-timeout"
  | "upstream-tls"
  | "reset"
  | "first-byte-timeout"
  | "idle-timeout"
  | "node-suspect"
  | "endpoint-gone"
  | "bad-response"
  | "response-cut"
  | "deadline"
  | "loop"
  | "closing"

export class TargetStats {
  requests = 0
  /** Responses sent to clients by first digit of the status, those made by the router included. */
  readonly byClass = new Float64Array(6)
  /** Further tries after a failure. */
  retries = 0
  /** Further tries because a node became suspect or an endpoint went away. */
  moves = 0
  /** Requests that waited for an endpoint, and the longest wait. */
  held = 0
  holdLongestMs = 0
  readonly failures = new Map<FailureReason, number>()
  readonly hedges = new Map<HedgeResult, number>()
  /** Clients that went away before their response had ended. */
  clientAborts = 0
  /** Milliseconds from the whole head of the request to the last byte of the response. */
  readonly latency = new Float64Array(latencyBoundsMs.length + 1)
  latencySumMs = 0

  observe(status: number, ms: number): void {
    const digit = Math.floor(status / 100)
    this.byClass[digit] = (this.byClass[digit] ?? 0) + 1
    let bucket = 0
    while (bucket < latencyBoundsMs.length && ms > (latencyBoundsMs[bucket] ?? 0)) bucket++
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1
    this.latencySumMs += ms
  }

  fail(reason: FailureReason): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1)
  }

  hedged(result: HedgeResult): void {
    this.hedges.set(result, (this.hedges.get(result) ?? 0) + 1)
  }
}

/** Gauges and counters of the whole router. */
export class Totals {
  clientConnections = 0
  clientConnectionsTotal = 0
  requestsInFlight = 0
  tunnels = 0
  upstreamConnections = 0
  upstreamConnectsTotal = 0
  /** Requests refused before a route was known, by reason. */
  readonly rejected = new Map<string, number>()
  /** Endpoints put out, by cause. */
  readonly ejections = new Map<string, number>()
  /** Lines of the access log that could not be written. */
  accessLogDropped = 0
  /** Spans that the collector did not take. */
  spansDropped = 0

  eject(cause: string): void {
    this.ejections.set(cause, (this.ejections.get(cause) ?? 0) + 1)
  }

  reject(reason: string): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1)
  }
}

export interface EndpointStats {
  readonly task: string
  readonly node: string
  readonly service: string
  readonly address: string
  readonly outstanding: number
  readonly latencyMs: number
  readonly idleConnections: number
  /** Milliseconds until the endpoint may be tried again; 0 when it is in. */
  readonly ejectedForMs: number
}

export interface ProxyStats {
  readonly totals: Totals
  readonly targets: ReadonlyMap<string, TargetStats>
  readonly endpoints: ReadonlyArray<EndpointStats>
  readonly poolIdle: number
  readonly heldNow: number
  readonly heldBytes: number
}
