/**
 * One connection to an endpoint: connects, reads responses and tells the exchange that uses it, and rests in the endpoint's
 * pool between exchanges. Decides whether it may be used again; never whether a request is tried again.
 */
import { ChunkedScanner } from "@evenkeel/http1/ChunkedScanner"
import { BodyFraming } from "@evenkeel/http1/Framing"
import { incomplete, rejected } from "@evenkeel/http1/RequestHead"
import * as net from "node:net"
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { FailureReason } from "./ProxyStats.ts"
import type { TimedEntry } from "./TimerWheel.ts"
import type { Tunnel } from "./Tunnel.ts"

const Phase = { connecting: 0, idle: 1, head: 2, body: 3, tunnel: 4, closed: 5 } as const
type Phase = (typeof Phase)[keyof typeof Phase]

/** The network itself gave no answer; a refusal or a reset is an answer. */
const isSilence = (code: string | undefined): boolean =>
  code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH" || code === "EHOSTDOWN"

export class UpstreamConnection implements TimedEntry {
  deadline = Infinity
  wheelTick = -1
  readonly endpoint: Endpoint
  readonly socket: net.Socket
  idleSince = 0
  idleUntil = 0
  /** Whether the exchange that has it got it from the pool. */
  reused = false
  /** Whether bytes of the present request have been given to the socket. */
  written = false
  /** Whether the present use is to find out if the endpoint, or its node, is back. */
  probe = false
  private readonly context: ProxyContext
  private exchange: Exchange | null
  private phase: Phase = Phase.connecting
  private pending: Buffer | null = null
  private framing: BodyFraming = BodyFraming.none
  private remaining = 0
  private scanner: ChunkedScanner | null = null
  private keepAlive = false
  private keepAliveSeconds = -1
  private errorCode: string | undefined
  private tunnel: Tunnel | null = null

  constructor(context: ProxyContext, endpoint: Endpoint, exchange: Exchange) {
    this.context = context
    this.endpoint = endpoint
    this.exchange = exchange
    endpoint.open.add(this)
    context.totals.upstreamConnections++
    context.totals.upstreamConnectsTotal++
    this.socket = net.connect({ host: endpoint.address, port: endpoint.port, allowHalfOpen: true, noDelay: true })
    this.socket.on("connect", () => this.onConnect())
    this.socket.on("data", (bytes: Buffer) => this.onData(bytes))
    this.socket.on("end", () => this.onEnd())
    this.socket.on("drain", () => this.onDrain())
    this.socket.on("error", (error: NodeJS.ErrnoException) => (this.errorCode = error.code))
    this.socket.on("close", () => this.onClose())
    const { connectMillis } = endpoint.service
    const bound = endpoint.local ? Math.min(connectMillis, context.limits.ownNodeConnectMs) : connectMillis
    context.wheel.refresh()
    context.wheel.schedule(this, bound)
  }

  get connecting(): boolean {
    return this.phase === Phase.connecting
  }

  /** Whether the exchange that uses it waits for the first byte of its response. */
  get unanswered(): boolean {
    return this.exchange !== null && (this.phase === Phase.connecting || this.phase === Phase.head)
  }

  get user(): Exchange | null {
    return this.exchange
  }

  /** Takes it from the pool for `exchange`. */
  attach(exchange: Exchange): void {
    this.exchange = exchange
    this.reused = true
    this.written = false
    this.probe = false
    this.phase = Phase.head
  }

  /** The exchange waits for us: for the response's next byte, or for the socket to take more of the request. */
  expectWithin(ms: number): void {
    this.context.wheel.schedule(this, ms)
  }

  expectNothing(): void {
    this.context.wheel.cancel(this)
  }

  becomeTunnel(tunnel: Tunnel): void {
    this.phase = Phase.tunnel
    this.tunnel = tunnel
    this.context.wheel.cancel(this)
  }

  /** The exchange is over and the whole request was sent: into the pool, if the connection can be used again. */
  release(): void {
    const { endpoint, context } = this
    this.exchange = null
    this.phase = Phase.idle
    const { poolIdleMs, poolIdlePerEndpoint } = context.limits
    const idleMs =
      this.keepAliveSeconds === -1 ? poolIdleMs : Math.min(poolIdleMs, this.keepAliveSeconds * 1_000 - 1_000)
    // An answer that came before the whole request was taken is no reason to send the next one behind it.
    const clean = this.keepAlive && this.socket.writableLength === 0
    const usable = clean && endpoint.state === "ready" && !endpoint.node.isSuspect() && !context.closing
    if (!usable || idleMs <= 0 || endpoint.idle.length >= poolIdlePerEndpoint) return this.destroy()
    if (this.socket.isPaused()) this.socket.resume()
    this.idleSince = context.now()
    this.idleUntil = this.idleSince + idleMs
    context.wheel.schedule(this, idleMs)
    endpoint.idle.push(this)
  }

  /** Breaks off what is under way: the other end is known to be dead. */
  cut(): void {
    if (this.phase === Phase.tunnel) {
      this.tunnel?.destroy()
      this.destroy()
    } else this.fail("response-cut", false)
  }

  /** Ends it without telling anyone. */
  destroy(): void {
    if (this.phase === Phase.closed) return
    if (this.phase === Phase.idle) this.endpoint.dropIdle(this)
    this.phase = Phase.closed
    this.exchange = null
    this.pending = null
    this.context.wheel.cancel(this)
    const { endpoint } = this
    endpoint.open.delete(this)
    if (endpoint.state === "gone" && endpoint.open.size === 0) endpoint.node.endpoints.delete(endpoint)
    this.context.totals.upstreamConnections--
    this.socket.destroy()
  }

  onDeadline(): void {
    if (this.phase === Phase.idle) this.destroy()
    else if (this.phase === Phase.connecting) this.fail("connect-timeout", true)
    else if (this.phase === Phase.head) this.fail("first-byte-timeout", false)
    else this.fail("idle-timeout", false)
  }

  private onConnect(): void {
    if (this.phase !== Phase.connecting) return
    this.phase = Phase.head
    this.context.wheel.cancel(this)
    this.exchange?.onConnected(this)
  }

  private onData(bytes: Buffer): void {
    switch (this.phase) {
      case Phase.head:
        return this.readHead(bytes)
      case Phase.body:
        return this.relayBody(bytes)
      case Phase.tunnel:
        return this.tunnel?.fromUpstream(bytes)
      case Phase.idle:
        // Nobody asked: whatever this is, it must not become the answer to the next request.
        return this.destroy()
    }
  }

  private readHead(chunk: Buffer): void {
    const bytes = this.pending === null ? chunk : Buffer.concat([this.pending, chunk])
    this.pending = null
    const head = this.context.responseHead
    let at = 0
    for (;;) {
      const exchange = this.exchange
      if (exchange === null) return
      const next = head.parse(bytes, at, exchange.isHead)
      if (next === incomplete) {
        this.pending = at === 0 ? bytes : bytes.subarray(at)
        return
      }
      if (next === rejected) return exchange.onBadResponse(this, head.rejection?.message ?? "")
      at = next
      if (head.status === 101) return exchange.onSwitch(this, head, bytes.subarray(at))
      if (head.status >= 200) return this.beginBody(exchange, bytes, at)
      exchange.onInterim(this, head)
    }
  }

  private beginBody(exchange: Exchange, bytes: Buffer, at: number): void {
    const head = this.context.responseHead
    this.framing = head.framing
    this.keepAlive = head.keepAlive
    this.keepAliveSeconds = head.keepAliveSeconds
    this.remaining = head.contentLength
    this.phase = Phase.body
    if (this.framing === BodyFraming.chunked) {
      this.scanner ??= new ChunkedScanner()
      this.scanner.reset()
      if (exchange.wantsPlainBody) {
        // The client knows no chunks: it gets what is in them, and the end of the connection as the end.
        this.scanner.sink = (from, start, end) => exchange.onResponseBytes(this, from.subarray(start, end))
        exchange.onResponse(this, head, null)
        return this.relayBody(bytes.subarray(at))
      }
    }
    const end = this.bodyEnd(bytes, at)
    if (end === -1) return exchange.onBadResponse(this, this.scanner?.rejection?.message ?? "")
    exchange.onResponse(this, head, end > at ? bytes.subarray(at, end) : null)
    this.afterBody(bytes, end)
  }

  private relayBody(bytes: Buffer): void {
    const exchange = this.exchange
    if (exchange === null) return
    const end = this.bodyEnd(bytes, 0)
    if (end === -1) return this.fail("bad-response", false)
    const unframed = this.scanner !== null && this.scanner.sink !== null
    if (end > 0 && !unframed) exchange.onResponseBytes(this, end === bytes.length ? bytes : bytes.subarray(0, end))
    this.afterBody(bytes, end)
  }

  /** The offset after the last byte of the body in `bytes`; -1 if the chunks are malformed. */
  private bodyEnd(bytes: Buffer, at: number): number {
    switch (this.framing) {
      case BodyFraming.none:
        return at
      case BodyFraming.length: {
        const take = Math.min(this.remaining, bytes.length - at)
        this.remaining -= take
        return at + take
      }
      case BodyFraming.chunked:
        return this.scanner?.scan(bytes, at, bytes.length) ?? -1
      default:
        return bytes.length
    }
  }

  private afterBody(bytes: Buffer, end: number): void {
    // The exchange may have ended by what it was told.
    if (this.exchange === null || this.phase !== Phase.body) return
    const done =
      this.framing === BodyFraming.none ||
      (this.framing === BodyFraming.length && this.remaining === 0) ||
      (this.framing === BodyFraming.chunked && this.scanner?.done === true)
    if (!done) return
    if (end < bytes.length) this.keepAlive = false
    this.context.wheel.cancel(this)
    if (this.scanner !== null) this.scanner.sink = null
    this.exchange.onResponseEnd(this)
  }

  private onEnd(): void {
    if (this.phase === Phase.tunnel) return this.tunnel?.upstreamEnded()
    if (this.phase === Phase.body && this.framing === BodyFraming.untilClose) {
      this.keepAlive = false
      return this.exchange?.onResponseEnd(this)
    }
    if (this.phase === Phase.idle) return this.destroy()
    if (this.phase === Phase.head || this.phase === Phase.body)
      this.fail(this.phase === Phase.head ? "reset" : "response-cut", false)
  }

  private onDrain(): void {
    if (this.phase === Phase.tunnel) this.tunnel?.upstreamDrained()
    else this.exchange?.onUpstreamDrain(this)
  }

  private onClose(): void {
    switch (this.phase) {
      case Phase.closed:
        return
      case Phase.tunnel:
        this.tunnel?.upstreamClosed()
        return this.destroy()
      case Phase.connecting:
        return this.fail("connect", isSilence(this.errorCode))
      case Phase.head:
        return this.fail("reset", isSilence(this.errorCode))
      case Phase.body:
        return this.fail("response-cut", false)
      default:
        return this.destroy()
    }
  }

  private fail(reason: FailureReason, silence: boolean): void {
    const exchange = this.exchange
    if (exchange === null) return this.destroy()
    exchange.onUpstreamFailure(this, reason, silence)
  }
}
