/**
 * What load is made: kinds of requests with their rates, streams that are held open, and for whom. A plain value, so that it
 * can be handed to the worker that makes the load.
 */

/**
 * - `get` GET `/`; `get-body` GET of 10–200 KiB; `head`, `options`, `delete` without a body;
 * - `post` POST of up to 4 KiB, echoed; `put` PUT of up to 64 KiB; `upload` PUT or POST of more, chunked;
 * - `call` GET `/call`: the workload calls a service through the router of its own node.
 */
export type RequestKind = "get" | "get-body" | "head" | "options" | "delete" | "post" | "put" | "upload" | "call"

export const requestKinds: ReadonlyArray<RequestKind> = [
  "get",
  "get-body",
  "head",
  "options",
  "delete",
  "post",
  "put",
  "upload",
  "call"
]

export interface RequestTraffic {
  readonly kind: RequestKind
  /** What is sent as `Host`. */
  readonly host: string
  /** Whether `host` names one service, which then must be the one that answers. */
  readonly names: "service" | "group"
  readonly ratePerS: number
  /** The services that `call` calls, in turn. */
  readonly callees?: ReadonlyArray<string>
}

export type StreamKind = "sse" | "websocket"
export const streamKinds: ReadonlyArray<StreamKind> = ["sse", "websocket"]

export interface StreamTraffic {
  readonly kind: StreamKind
  readonly host: string
  /** How many are held open at once. */
  readonly open: number
  /** How long each is held before it is ended and opened anew. */
  readonly holdMs: number
  /** Time between events, or between messages sent. */
  readonly everyMs: number
}

export interface LoadPlan {
  readonly requests: ReadonlyArray<RequestTraffic>
  readonly streams: ReadonlyArray<StreamTraffic>
  /** A request without its whole answer after this has failed. */
  readonly timeoutMs: number
  /** Idle connections are dropped after this: well before the router would close them under a new request (75 s). */
  readonly idleConnectionMs: number
  /** Connections to a target declared dead are cut after this, so that nothing waits on them for ever. */
  readonly deadTargetGraceMs: number
  /** A stream without an event or an echo for this long is broken. */
  readonly streamSilenceMs: number
  /** More requests under way than this are not sent, and counted as such. */
  readonly inFlightLimit: number
}

export interface DefaultPlanOptions {
  /** Default `vvm`. */
  readonly group?: string
  /** Default `vvm1` to `vvm6`. */
  readonly services?: ReadonlyArray<string>
  /** Requests a second in all. Default 520. */
  readonly totalPerS?: number
  /** Requests a second to each service by its own name. Default 12. */
  readonly perServicePerS?: number
  /** Streams of each kind. Default 12. */
  readonly streams?: number
  /** Default 120,000 ms. */
  readonly timeoutMs?: number
}

/** Shares of what is left for the group once the named services have theirs. */
const groupShares: Readonly<Record<RequestKind, number>> = {
  get: 196,
  "get-body": 50,
  head: 20,
  options: 16,
  delete: 16,
  post: 40,
  put: 40,
  upload: 10,
  call: 60
}

/** The load of a drill: every kind to the group, GET to each service by name, streams to the group. */
export const defaultPlan = (options: DefaultPlanOptions = {}): LoadPlan => {
  const group = options.group ?? "vvm"
  const services = options.services ?? ["vvm1", "vvm2", "vvm3", "vvm4", "vvm5", "vvm6"]
  const perService = options.perServicePerS ?? 12
  const left = Math.max(0, (options.totalPerS ?? 520) - perService * services.length)
  const shares = Object.values(groupShares).reduce((sum, share) => sum + share, 0)
  const toGroup = requestKinds
    .filter((kind) => kind !== "call" || services.length > 0)
    .map((kind): RequestTraffic => {
      const ratePerS = (left * groupShares[kind]) / shares
      return { kind, host: group, names: "group", ratePerS, ...(kind === "call" ? { callees: services } : {}) }
    })
  const open = options.streams ?? 12
  return {
    requests: [
      ...services.map((host): RequestTraffic => ({ kind: "get", host, names: "service", ratePerS: perService })),
      ...toGroup
    ],
    streams: [
      { kind: "sse", host: group, open, holdMs: 5_000, everyMs: 200 },
      { kind: "websocket", host: group, open, holdMs: 30_000, everyMs: 500 }
    ],
    timeoutMs: options.timeoutMs ?? 120_000,
    idleConnectionMs: 20_000,
    deadTargetGraceMs: 3_000,
    streamSilenceMs: 2_000,
    inFlightLimit: 20_000
  }
}
