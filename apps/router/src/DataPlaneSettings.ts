/**
 * What the data plane is given besides addresses: certificates, secrets, and the access log, opened from the settings and kept
 * up to date. SIGHUP has files read and the log opened anew.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { AccessLog } from "./accesslog/AccessLog.ts"
import { LogWriter } from "./accesslog/LogWriter.ts"
import type { Tracing } from "./accesslog/RequestObserver.ts"
import * as Hangups from "./Hangups.ts"
import type { RouterConfig } from "./RouterConfig.ts"
import type { Certificates } from "./tls/Certificates.ts"
import * as CertificateFiles from "./tls/CertificateFiles.ts"
import { SpanExporter } from "./tracing/SpanExporter.ts"

/** Represents a file that the access log cannot be written to. */
export class AccessLogUnwritable extends Schema.TaggedError<AccessLogUnwritable>()("AccessLogUnwritable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `cannot write the access log to ${this.path} (${this.reason}); check EVENKEEL_ROUTER_ACCESS_LOG_TO and its permissions`
  }
}

export interface DataPlaneSettings {
  readonly tls: { readonly port: number; readonly certificates: Certificates } | null
  readonly httpsPort: number
  /** PEM; null: those that Node.js knows. */
  readonly upstreamAuthorities: string | null
  readonly stickyKey: string | null
  readonly accessLog: AccessLog | null
  readonly tracing: Tracing | null
}

const openAccessLog = Effect.fn("DataPlaneSettings.openAccessLog")(function* ({
  accessLogRate,
  accessLogTo,
  workers
}: RouterConfig) {
  if (accessLogRate === 0) return null
  const run = yield* FiberSet.makeRuntime()
  const path = accessLogTo === "-" ? null : accessLogTo
  const onError = (error: NodeJS.ErrnoException) =>
    void run(
      Effect.logError("the access log could not be written; its lines are dropped").pipe(
        Effect.annotateLogs({ to: accessLogTo, reason: error.code ?? error.message })
      )
    )
  const writer = yield* Effect.try({
    try: () => new LogWriter({ path, shared: workers > 1, onError }),
    catch: (error) => {
      const reason = error instanceof Error && "code" in error ? String(error.code) : String(error)
      return new AccessLogUnwritable({ path: accessLogTo, reason })
    }
  })
  return new AccessLog(accessLogRate, writer)
})

const version = process.env.EVENKEEL_VERSION ?? "development"

const startTracing = Effect.fn("DataPlaneSettings.startTracing")(function* (config: RouterConfig) {
  const { nodeId: node, otlpEndpoint: endpoint, traceRate: rate } = config
  if (endpoint === null) return null
  const run = yield* FiberSet.makeRuntime()
  const onError = (reason: string) =>
    void run(
      Effect.logWarning("traces could not be exported; they are dropped until the collector takes them again").pipe(
        Effect.annotateLogs({ endpoint, reason })
      )
    )
  return { exporter: new SpanExporter({ endpoint, node, version, onError }), rate }
})

/** Follows the files until the scope closes; the log is closed by the data plane, which has the last lines. */
export const make = Effect.fn("DataPlaneSettings.make")(function* (
  config: RouterConfig
): Effect.fn.Return<DataPlaneSettings, AccessLogUnwritable | CertificateFiles.TlsCertificateUnusable, Scope.Scope> {
  const { httpsPort, stickyKey, tlsCertificates, tlsPort, upstreamAuthorities } = config
  const files = tlsCertificates.length === 0 ? null : yield* CertificateFiles.follow(tlsCertificates)
  const accessLog = yield* openAccessLog(config)
  const tracing = yield* startTracing(config)
  yield* Hangups.follow(
    Effect.gen(function* () {
      yield* Effect.logInfo("SIGHUP: reading certificates and opening the access log anew")
      if (files !== null) yield* files.reload
      accessLog?.writer.reopen()
    })
  )
  return {
    tls: files === null ? null : { port: tlsPort, certificates: files.certificates },
    httpsPort,
    upstreamAuthorities: Option.getOrNull(upstreamAuthorities),
    stickyKey: Option.getOrNull(Option.map(stickyKey, Redacted.value)),
    accessLog,
    tracing
  }
})
