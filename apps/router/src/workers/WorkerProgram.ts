/**
 * A worker: a data plane of its own on the ports of all, told by the first process what to do. It reads the settings it needs
 * itself, keeps no feed and sends no heartbeats, and ends when the first process does.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as DataPlaneSettings from "../DataPlaneSettings.ts"
import { defaultLimits } from "../proxy/Limits.ts"
import { Proxy } from "../proxy/Proxy.ts"
import * as RouterConfig from "../RouterConfig.ts"
import type { FromWorker, ToWorker, WorkerOptions } from "./WorkerMessage.ts"

const tell = (message: FromWorker): void => {
  // Between the end of the first process and the worker's own there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined)
}

const failed = (error: unknown): FromWorker => {
  const { code, port, message } = (
    error instanceof Error ? error : new Error(String(error))
  ) as NodeJS.ErrnoException & {
    readonly port?: number
  }
  return { type: "failed", message, code: code ?? null, port: port ?? null }
}

const makeProxy = (settings: DataPlaneSettings.DataPlaneSettings, options: WorkerOptions): Proxy => {
  const { limits, workers, tlsPort, ...rest } = options
  /** One worker's part of what holds for the router. The kernel spreads a client's connections too. */
  const part = (of: number): number => Math.ceil(of / workers)
  return new Proxy({
    ...settings,
    ...rest,
    tls: settings.tls === null || tlsPort === null ? null : { ...settings.tls, port: tlsPort },
    reusePort: true,
    limits: {
      connections: part(limits.connections),
      connectionsPerClient: part(limits.connectionsPerClient),
      requestsPerClient: part(limits.requestsPerClient),
      requestsPerTarget: part(limits.requestsPerTarget),
      heldRequests: part(defaultLimits.heldRequests),
      heldBytes: part(defaultLimits.heldBytes)
    },
    onEvent: (event) => tell({ type: "event", event })
  })
}

/** Follows the first process's messages; calls `onClosed` when it has been told to close and has closed. */
class Worker {
  private readonly settings: DataPlaneSettings.DataPlaneSettings
  private readonly onClosed: () => void
  private proxy: Proxy | null = null

  constructor(settings: DataPlaneSettings.DataPlaneSettings, onClosed: () => void) {
    this.settings = settings
    this.onClosed = onClosed
  }

  readonly onMessage = (message: ToWorker): void => {
    switch (message.type) {
      case "start": {
        const proxy = makeProxy(this.settings, message.options)
        this.proxy = proxy
        if (message.table !== null) proxy.setTable(message.table)
        proxy.setSuspectNodes(message.silent)
        proxy.listen().then(
          ({ port, tlsPort }) => tell({ type: "listening", port, tlsPort }),
          (error: unknown) => tell(failed(error))
        )
        return
      }
      case "table":
        return this.proxy?.setTable(message.table)
      case "silent":
        return this.proxy?.setSuspectNodes(message.silent)
      case "report": {
        const { proxy } = this
        if (proxy === null) return
        const report = { stats: proxy.stats(), routes: proxy.describeRoutes(), endpoints: proxy.describeEndpoints() }
        return tell({ type: "report", id: message.id, report })
      }
      case "close":
        void (this.proxy?.close({ deadlineMs: message.deadlineMs }) ?? Promise.resolve()).then(() => {
          tell({ type: "closed" })
          this.onClosed()
        })
    }
  }
}

/** Runs until told to close, or until the first process is gone. */
export const run: Effect.Effect<void, unknown, Scope.Scope> = Effect.gen(function* () {
  const config = yield* RouterConfig.load(process.env)
  const settings = yield* DataPlaneSettings.make(config).pipe(
    Effect.tapError((error) => Effect.sync(() => tell(failed(error))))
  )
  yield* Effect.async<void>((resume) => {
    const end = () => resume(Effect.void)
    const worker = new Worker(settings, end)
    process.on("message", worker.onMessage)
    process.once("disconnect", end)
    tell({ type: "ready" })
  })
  yield* Effect.sync(() => {
    // Connections that are left are cut: the first process has waited for them or is gone.
    setImmediate(() => process.exit(0))
  })
})
