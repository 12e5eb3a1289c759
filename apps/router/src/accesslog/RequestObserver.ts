/**
 * Who is told of requests: the access log, a collector of traces, or both. It decides which requests are followed; a request
 * that is not costs nothing further.
 */
import { headerValue } from "../balancing/Affinity.ts"
import type { Rejection } from "@evenkeel/http1/Rejection"
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { Peer } from "../proxy/Peers.ts"
import type { SpanExporter } from "../tracing/SpanExporter.ts"
import { spanOf } from "../tracing/TraceContext.ts"
import { type AccessEntry, entryOf } from "./AccessEntry.ts"
import type { AccessLog } from "./AccessLog.ts"

export interface Tracing {
  readonly exporter: SpanExporter
  /** The share of the traces beginning here that are exported, from 0 to 1. */
  readonly rate: number
}

export interface RequestObserverOptions {
  readonly log: AccessLog | null
  readonly tracing: Tracing | null
  /** In [0, 1). */
  readonly random: () => number
  /** Milliseconds of the Unix epoch. */
  readonly wallClock?: () => number
}

export class RequestObserver {
  private readonly log: AccessLog | null
  private readonly tracing: Tracing | null
  private readonly random: () => number
  private readonly wallClock: () => number

  constructor(options: RequestObserverOptions) {
    this.log = options.log
    this.tracing = options.tracing
    this.random = options.random
    this.wallClock = options.wallClock ?? Date.now
  }

  /** The entry of the request just read, to be filled in and closed when it is over; null if nobody is to be told of it. */
  open(head: RequestHead, peer: Peer): AccessEntry | null {
    const { log, tracing } = this
    const logged = log !== null && log.wants(this.random)
    if (!logged && tracing === null) return null
    const entry = entryOf(head, peer, this.wallClock())
    entry.logged = logged
    if (tracing !== null)
      entry.span = spanOf(headerValue(head.fields, "traceparent"), () => this.random() < tracing.rate)
    return entry
  }

  close(entry: AccessEntry): void {
    if (entry.logged) this.log?.write(entry)
    if (entry.span?.sampled === true) this.tracing?.exporter.add(entry, entry.span)
  }

  /** What was refused before it could be read as a request: there is neither method nor path to tell. */
  rejected(peer: Peer, { reason, status }: Rejection): void {
    const { log } = this
    if (log === null || !log.wants(this.random)) return
    log.write({ ...entryOf(null, peer, this.wallClock()), status, reason })
  }

  /** To be called every 100 ms; `now`: monotonic milliseconds. */
  tick(now: number): void {
    this.log?.writer.flush()
    this.tracing?.exporter.tick(now)
  }

  get linesDropped(): number {
    return this.log?.writer.dropped ?? 0
  }

  get spansDropped(): number {
    return this.tracing?.exporter.dropped ?? 0
  }

  /** Hands over what is left. */
  async end(): Promise<void> {
    await Promise.all([this.log?.writer.close(), this.tracing?.exporter.close()])
  }
}
