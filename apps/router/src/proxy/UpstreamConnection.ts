/**
 * One connection to an endpoint: connects, reads responses and tells the exchange that uses it, and rests in the endpoint's
 * pool between exchanges. Decides whether it may be used again; never whether a request is tried again.
 */
import { BodyFraming } from "@evenkeel/http1/Framing"
import { incomplete, rejected } from "@evenkeel/http1/RequestHead"
import type * as net from "node:net"
import { isTlsFailure } from "../tls/UpstreamTls.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { Exchange } from "./Exchange.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { FailureReason } from "./ProxyStats.ts"
import { part, ReadBuffer, Reading } from "./ReadBuffers.ts"
import { ResponseBody } from "./ResponseBody.ts"
import type { TimedEntry } from "./TimerWheel.ts"
import type { Tunnel } from "./Tunnel.ts"

const Phase = { connecting: 0, idle: 1, head: 2, body: 3, tunnel: 4, closed: 5 } as const
type Phase = (typeof Phase)[keyof typeof Phase]

/** The network itself gave no answer; a refusal or a reset is an answer. */
const silentCodes = new Set<string | undefined>(["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN"])

export class UpstreamConnection implements TimedEntry {
  deadline = Infinity
  wheelTick = -1
  readonly endpoint: Endpoint
  readonly socket: net.Socket
  /** When it was begun to be made (monotonic ms). */
  readonly begunAt: number
  idleSince = 0
  idleUntil = 0
  /** Whether the exchange that has it got it from the pool. */
  reused = false
  /** Whether bytes of the present request have been given to the socket. */
  written = false
  /** When that was (monotonic ms). */
  sentAt = 0
  /** Whether the present use is to find out if the endpoint, or its node, is back. */
  probe = false
  private readonly context: ProxyContext
  private exchange: Exchange | null
  private phase: Phase = Phase.connecting
  private pending: Buffer | null = null
  private readonly reads: ReadBuffer
  private readonly body = new ResponseBody()
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
    this.reads = new ReadBuffer(context.buffers)
    const secure = endpoint.service.scheme === "https"
    this.socket = context.upstreamTls.open(endpoint, {
      buffer: () => this.nextBuffer(),
      callback: (length) => this.onRead(length)
    })
    this.socket.on(secure ? "secureConnect" : "connect", () => this.onConnect())
    if (secure) this.socket.on("data", (bytes: Buffer) => this.onBytes(bytes, bytes.length))
    this.socket.on("end", () => this.onEnd())
    this.socket.on("drain", () => this.onDrain())
    this.socket.on("error", (error: NodeJS.ErrnoException) => (this.errorCode = error.code))
    this.socket.on("close", () => this.onClose())
    const { connectMillis } = endpoint.service
    const bound = endpoint.local ? Math.min(connectMillis, context.limits.ownNodeConnectMs) : connectMillis
    context.wheel.refresh()
    this.begunAt = context.wheel.coarseNow
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
    // Up to a tick too early, never too late.
    this.idleSince = context.wheel.coarseNow
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
    this.reads.end()
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

  private onRead(length: number): boolean {
    const client = this.exchange?.client
    this.onBytes(this.reads.read(length), length)
    this.reads.used(client !== undefined && client.isWriting)
    return true
  }

  private nextBuffer(): Buffer {
    const { phase } = this
    return this.reads.next(phase === Phase.body ? Reading.body : phase === Phase.tunnel ? Reading.tunnel : Reading.head)
  }

  /** What was received lies in `bytes` up to `length`; behind it, what was read before. */
  private onBytes(bytes: Buffer, length: number): void {
    switch (this.phase) {
      case Phase.head:
        return this.readHead(bytes, length)
      case Phase.body:
        return this.relayBody(bytes, 0, length)
      case Phase.tunnel:
        return this.tunnel?.fromUpstream(part(bytes, 0, length))
      case Phase.idle:
        // Nobody asked: whatever this is, it must not become the answer to the next request.
        return this.destroy()
    }
  }

  private readHead(chunk: Buffer, length: number): void {
    const bytes = this.pending === null ? chunk : Buffer.concat([this.pending, part(chunk, 0, length)])
    const end = this.pending === null ? length : bytes.length
    this.pending = null
    const head = this.context.responseHead
    let at = 0
    for (;;) {
      const start = at
      const exchange = this.exchange
      if (exchange === null) return
      const next = head.parse(bytes, at, exchange.isHead, end)
      if (next === incomplete) {
        // A copy: the next read reuses what these bytes lie in.
        this.pending = Buffer.from(bytes.subarray(at, end))
        return
      }
      if (next === rejected) return exchange.onBadResponse(this, head.rejection?.message ?? "")
      at = next
      if (head.status === 101) return exchange.onSwitch(this, head, bytes.subarray(at, end))
      if (head.status >= 200) return this.beginBody(exchange, bytes, start, at, end)
      exchange.onInterim(this, head)
    }
  }

  private beginBody(exchange: Exchange, bytes: Buffer, start: number, at: number, end: number): void {
    const head = this.context.responseHead
    this.keepAlive = head.keepAlive
    this.keepAliveSeconds = head.keepAliveSeconds
    this.phase = Phase.body
    this.body.begin(head)
    if (head.framing === BodyFraming.chunked && exchange.wantsPlainBody) {
      // The client knows no chunks: it gets what is in them, and the end of the connection as the end.
      this.body.unwrap((piece, from, to) => exchange.onResponseBytes(this, piece.subarray(from, to)))
      exchange.onResponse(this, head, bytes, start, at, at)
      return this.relayBody(bytes, at, end)
    }
    const bodyEnd = this.body.advance(bytes, at, end)
    if (bodyEnd === -1) return exchange.onBadResponse(this, this.body.problem)
    exchange.onResponse(this, head, bytes, start, at, bodyEnd)
    this.afterBody(bodyEnd < end)
  }

  private relayBody(bytes: Buffer, at: number, end: number): void {
    const exchange = this.exchange
    if (exchange === null) return
    const bodyEnd = this.body.advance(bytes, at, end)
    if (bodyEnd === -1) return this.fail("bad-response", false)
    if (bodyEnd > at && !this.body.isUnwrapped) exchange.onResponseBytes(this, part(bytes, at, bodyEnd))
    this.afterBody(bodyEnd < end)
  }

  /** `isFollowed`: bytes came behind the body. */
  private afterBody(isFollowed: boolean): void {
    // The exchange may have ended by what it was told.
    if (this.exchange === null || this.phase !== Phase.body) return
    if (!this.body.isDone) return
    if (isFollowed) this.keepAlive = false
    this.context.wheel.cancel(this)
    this.exchange.onResponseEnd(this)
  }

  private onEnd(): void {
    if (this.phase === Phase.tunnel) return this.tunnel?.upstreamEnded()
    if (this.phase === Phase.body && this.body.framing === BodyFraming.untilClose) {
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
        return this.fail(isTlsFailure(this.errorCode) ? "upstream-tls" : "connect", silentCodes.has(this.errorCode))
      case Phase.head:
        return this.fail("reset", silentCodes.has(this.errorCode))
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
