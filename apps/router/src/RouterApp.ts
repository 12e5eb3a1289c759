/**
 * The router as a running program: where tables come from, heartbeats, the admin port and the data plane, put together and
 * taken apart in order. It takes connections once it has its first table. On interruption it is unready first, then the data
 * plane closes while tables, heartbeats and the admin port go on, and these end after it.
 */
import * as AdminServer from "@evenkeel/observability/AdminServer"
import * as PrometheusText from "@evenkeel/observability/PrometheusText"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { DataPlane, MakeDataPlane } from "./DataPlane.ts"
import * as DataPlaneSettings from "./DataPlaneSettings.ts"
import * as Heartbeat from "./Heartbeat.ts"
import type { NodeSilence } from "./NodeSilence.ts"
import type { ProxyEvent } from "./proxy/ProxyEvent.ts"
import * as RouterAdmin from "./RouterAdmin.ts"
import type { RouterConfig } from "./RouterConfig.ts"
import * as RouterMetrics from "./RouterMetrics.ts"
import type { RouterStatus } from "./RouterStatus.ts"
import * as TableSource from "./TableSource.ts"
import type { TableView } from "./TableView.ts"

/** Represents a traffic port that cannot be taken. */
export class RouterPortUnavailable extends Schema.TaggedError<RouterPortUnavailable>()("RouterPortUnavailable", {
  host: Schema.String,
  port: Schema.Int,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot take requests on ${this.host}:${this.port} (${this.reason}); free the port or set EVENKEEL_ROUTER_PORT, for TLS EVENKEEL_ROUTER_TLS_PORT`
  }
}

/** Ports that were taken, for those who asked for 0. */
interface RunningRouter {
  readonly port: number
  /** Null where TLS is off. */
  readonly tlsPort: number | null
  readonly adminPort: number
  readonly heartbeatPort: number
}

const version = process.env.EVENKEEL_VERSION ?? "development"
const maxEventsWaiting = 1_024

const logEvent = ({ type, ...details }: ProxyEvent): Effect.Effect<void> => {
  const isTrouble =
    type === "endpoint-ejected" ||
    type === "node-suspect" ||
    type === "hold-begun" ||
    type === "loop" ||
    type === "health-check-failed" ||
    type === "worker-ended" ||
    type === "sticky-key-random"
  return Effect.annotateLogs(isTrouble ? Effect.logWarning(type) : Effect.logInfo(type), details)
}

/** A name for `Via` (RFC 9110 §7.6.3: a token) that is this router's alone. */
const pseudonymOf = (nodeId: string): string => `evenkeel-${nodeId.replaceAll(/[^\w.-]/g, "-")}`

/** Hands nodes that became silent or are heard again to the data plane, and says so once. */
const onJudged = (plane: DataPlane) => {
  let before: ReadonlySet<string> = new Set()
  return ({ silent }: NodeSilence) =>
    Effect.suspend(() => {
      const lost = [...silent].filter((node) => !before.has(node))
      const back = [...before].filter((node) => !(silent as ReadonlySet<string>).has(node))
      if (lost.length === 0 && back.length === 0) return Effect.void
      before = silent
      plane.setSuspectNodes(silent)
      return Effect.zipRight(
        Effect.forEach(lost, (node) => Effect.logWarning("a node fell silent").pipe(Effect.annotateLogs({ node }))),
        Effect.forEach(back, (node) => Effect.logInfo("no longer silent").pipe(Effect.annotateLogs({ node })))
      )
    })
}

const listen = (plane: DataPlane, { host, port }: RouterConfig) =>
  Effect.tryPromise({
    try: () => plane.listen(),
    catch: (error) => {
      const reason = error instanceof Error && "code" in error ? String(error.code) : String(error)
      const taken = error instanceof Error && "port" in error && typeof error.port === "number" ? error.port : port
      return new RouterPortUnavailable({ host, port: taken, reason })
    }
  })

/** Starts the router; it runs until the scope closes. */
export const start = Effect.fn("RouterApp.start")(function* (
  config: RouterConfig,
  tableFile: string | null,
  makeDataPlane: MakeDataPlane
) {
  const phase = yield* Ref.make<"starting" | "serving" | "draining">("starting")

  const events = yield* Queue.dropping<ProxyEvent>(maxEventsWaiting)
  yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(events), logEvent)))
  const settings = yield* DataPlaneSettings.make(config)
  const plane = yield* Effect.sync(() =>
    makeDataPlane({
      ...settings,
      host: config.host,
      port: config.port,
      nodeId: config.nodeId,
      pseudonym: pseudonymOf(config.nodeId),
      trustedProxies: config.trustedProxies,
      limits: {
        connections: config.maxConnections,
        connectionsPerClient: config.maxClientConnections,
        requestsPerClient: config.maxClientRequests,
        requestsPerTarget: config.maxServiceRequests
      },
      onEvent: (event) => void events.unsafeOffer(event)
    })
  )
  const views: SubscriptionRef.SubscriptionRef<TableView> = yield* TableSource.make(config, tableFile)

  const heartbeat = yield* Heartbeat.make({
    node: config.nodeId,
    host: config.heartbeatHost,
    port: config.heartbeatPort,
    token: config.token,
    peers: Effect.map(SubscriptionRef.get(views), ({ table }) => table?.routers ?? []),
    onJudged: onJudged(plane)
  })

  const status: Effect.Effect<RouterStatus> = Effect.gen(function* () {
    const now = yield* Ref.get(phase)
    return {
      nodeId: config.nodeId,
      nodeHostname: config.nodeHostname,
      version,
      nowMillis: yield* Clock.currentTimeMillis,
      listening: now !== "starting",
      draining: now === "draining",
      view: yield* SubscriptionRef.get(views),
      certificates: settings.tls?.certificates.view() ?? [],
      proxy: yield* Effect.promise(async () => plane.stats()),
      heartbeat: yield* heartbeat.stats
    }
  })
  const admin = yield* AdminServer.make<never>({
    host: config.adminHost,
    port: config.adminPort,
    readiness: Effect.map(status, RouterAdmin.readiness),
    metrics: Effect.map(status, (now) => PrometheusText.render(RouterMetrics.families(now))),
    routes: {
      "GET /routes": () =>
        Effect.zipWith(
          status,
          Effect.promise(async () => plane.describeRoutes()),
          (now, routes) => AdminServer.json(200, RouterAdmin.routesPage(now, routes))
        ),
      "GET /debug/endpoints": () =>
        Effect.map(
          Effect.promise(async () => plane.describeEndpoints()),
          (endpoints) => AdminServer.json(200, { endpoints })
        )
    }
  })

  const inForce = views.changes.pipe(
    Stream.filterMap(({ table }) => Option.fromNullable(table)),
    // The same object as long as the table stays the same, see `TableView`.
    Stream.changesWith((a, b) => a === b)
  )
  const first = yield* Deferred.make<void>()
  yield* inForce.pipe(
    Stream.runForEach((table) =>
      Effect.sync(() => plane.setTable(table)).pipe(
        Effect.zipRight(Deferred.succeed(first, undefined)),
        // A table that the data plane cannot take must not keep it from the next one.
        Effect.catchAllDefect((defect) => Effect.logError("the data plane could not take a table", defect))
      )
    ),
    Effect.forkScoped
  )
  yield* Effect.logInfo("waiting for a routing table").pipe(
    Effect.when(() => tableFile === null),
    Effect.zipRight(Deferred.await(first))
  )

  const drain = Effect.gen(function* () {
    yield* Ref.set(phase, "draining")
    yield* Effect.logInfo("draining").pipe(Effect.annotateLogs({ deadlineMillis: config.drainDeadlineMillis }))
    yield* Effect.promise(() => plane.close({ deadlineMs: config.drainDeadlineMillis }))
  })
  const { port, tlsPort } = yield* Effect.acquireRelease(listen(plane, config), () => drain)
  yield* Ref.set(phase, "serving")
  const running: RunningRouter = { port, tlsPort, adminPort: admin.port, heartbeatPort: heartbeat.port }
  yield* Effect.logInfo("taking requests").pipe(Effect.annotateLogs({ ...running, node: config.nodeId }))
  return running
})
