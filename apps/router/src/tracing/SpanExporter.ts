/**
 * Sends spans to an OpenTelemetry collector: OTLP over HTTP with JSON (opentelemetry-proto, ExportTraceServiceRequest), in
 * batches of up to 512 or once a second, one at a time. What a slow or broken collector does not take is dropped and counted.
 */
import type { AccessEntry } from "../accesslog/AccessEntry.ts"
import type { Span } from "./TraceContext.ts"

export interface SpanExporterOptions {
  /** Of the collector: `http://collector:4318`. */
  readonly endpoint: string
  readonly node: string
  readonly version: string
  /** The first failure after a success; those that follow are not told. */
  readonly onError: (reason: string) => void
  readonly send?: (url: string, body: string) => Promise<void>
}

const batchSpans = 512
const maxWaiting = 4_096
const flushEveryMs = 1_000
const sendWithinMs = 5_000
const spanKindServer = 2
const statusError = 2

const attribute = (key: string, value: string | number) => ({
  key,
  value: typeof value === "number" ? { intValue: String(Math.round(value)) } : { stringValue: value }
})

/** Milliseconds as nanoseconds in decimal: more digits than a number holds. */
const nanos = (ms: number): string => `${BigInt(Math.round(ms * 1_000)) * 1_000n}`

/** Names by the semantic conventions for HTTP spans; the query may hold secrets and is left out. */
const encode = (entry: AccessEntry, span: Span) => {
  const { endpoint, reason } = entry
  return {
    traceId: span.trace,
    spanId: span.id,
    ...(span.parent === null ? {} : { parentSpanId: span.parent }),
    name: entry.method,
    kind: spanKindServer,
    startTimeUnixNano: nanos(entry.startedAtMillis),
    endTimeUnixNano: nanos(entry.startedAtMillis + entry.durationMs),
    attributes: [
      attribute("http.request.method", entry.method),
      attribute("url.scheme", entry.scheme),
      attribute("url.path", entry.path.split("?")[0] ?? ""),
      attribute("server.address", entry.host),
      attribute("client.address", entry.client),
      attribute("http.response.status_code", entry.status),
      attribute("evenkeel.retries", entry.retries),
      attribute("evenkeel.held_ms", entry.heldMs),
      ...(endpoint === null
        ? []
        : [attribute("evenkeel.task", endpoint.task), attribute("evenkeel.node", endpoint.node.id)]),
      ...(reason === "" ? [] : [attribute("error.type", reason)])
    ],
    status: entry.status === 0 || entry.status >= 500 ? { code: statusError } : {}
  }
}

const post = async (url: string, body: string): Promise<void> => {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    signal: AbortSignal.timeout(sendWithinMs)
  })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`the collector answered ${response.status}`)
}

export class SpanExporter {
  dropped = 0
  private readonly options: SpanExporterOptions
  private readonly url: string
  private readonly send: (url: string, body: string) => Promise<void>
  private waiting: Array<ReturnType<typeof encode>> = []
  private inFlight: Promise<void> | null = null
  private flushedAt = 0
  private hasFailed = false

  constructor(options: SpanExporterOptions) {
    this.options = options
    this.url = `${options.endpoint.replace(/\/+$/, "")}/v1/traces`
    this.send = options.send ?? post
  }

  add(entry: AccessEntry, span: Span): void {
    if (this.waiting.length >= maxWaiting) this.dropped++
    else this.waiting.push(encode(entry, span))
  }

  /** `now`: monotonic milliseconds. Sends what has gathered if it is time. */
  tick(now: number): void {
    if (this.inFlight !== null || this.waiting.length === 0) return
    if (this.waiting.length < batchSpans && now - this.flushedAt < flushEveryMs) return
    this.flushedAt = now
    this.inFlight = this.sendBatch()
  }

  /** Sends what is left, once. */
  async close(): Promise<void> {
    await this.inFlight
    if (this.waiting.length > 0) await this.sendBatch()
  }

  private async sendBatch(): Promise<void> {
    const spans = this.waiting.splice(0, batchSpans)
    const { node, version } = this.options
    const resource = [
      attribute("service.name", "evenkeel-router"),
      attribute("service.instance.id", node),
      attribute("service.version", version)
    ]
    const scopeSpans = [{ scope: { name: "evenkeel", version }, spans }]
    try {
      await this.send(this.url, JSON.stringify({ resourceSpans: [{ resource: { attributes: resource }, scopeSpans }] }))
      this.hasFailed = false
    } catch (error) {
      this.dropped += spans.length
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ""
      if (!this.hasFailed) this.options.onError(`${error instanceof Error ? error.message : String(error)}${cause}`)
      this.hasFailed = true
    } finally {
      this.inFlight = null
    }
  }
}
