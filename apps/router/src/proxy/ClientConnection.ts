/**
 * One client's connection: reads requests one after another, hands each to its exchange, and writes what comes back, in
 * order. Decides about the connection itself: idle, slow, ended, to be closed. Knows nothing of endpoints.
 */
import type { Rejection } from "@evenkeel/http1/Rejection"
import { incomplete, rejected } from "@evenkeel/http1/RequestHead"
import type { Socket } from "node:net"
import { ClientState } from "./ClientState.ts"
import { freeNow, readDirectly } from "./DirectReads.ts"
import { type ErrorResponse, renderError } from "./ErrorResponse.ts"
import { Exchange } from "./Exchange.ts"
import { expireHold } from "./Holding.ts"
import { isTooMany, tooManyConnections } from "./Overload.ts"
import type { Peer } from "./Peers.ts"
import { PendingBytes } from "./PendingBytes.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import { routeRequest } from "./RequestRouting.ts"
import { isPassedOn } from "./RequestSending.ts"
import { writeWithHead } from "./SocketWrites.ts"
import type { TimedEntry } from "./TimerWheel.ts"
import { joinTunnel, type Tunnel } from "./Tunnel.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

export class ClientConnection implements TimedEntry {
  deadline = Infinity
  wheelTick = -1
  private readonly context: ProxyContext
  private readonly socket: Socket
  readonly peer: Peer
  private readonly exchange: Exchange
  private state: ClientState = ClientState.idle
  private readonly pending = new PendingBytes()
  private processing = false
  private ended = false
  private tunnel: Tunnel | null = null

  constructor(context: ProxyContext, socket: Socket) {
    this.context = context
    this.socket = socket
    this.peer = context.peers.of(socket)
    this.exchange = new Exchange(context, this)
    context.totals.clientConnections++
    context.totals.clientConnectionsTotal++
    readDirectly(socket, (bytes) => this.onData(bytes))
    socket.on("end", () => this.onEnd())
    socket.on("drain", () => this.onDrain())
    // What went wrong shows in `close`, which follows.
    socket.on("error", () => undefined)
    socket.on("close", () => this.onClose())
    this.expectRequest()
    // Without having read anything.
    if (isTooMany(context, this.peer)) this.refuse(tooManyConnections)
  }

  private onData(bytes: Buffer): void {
    switch (this.state) {
      case ClientState.expiring:
      case ClientState.idle:
      case ClientState.head:
        return this.process(this.pending.before(bytes))
      case ClientState.busy:
        return this.feed(bytes)
      case ClientState.tunnel:
        return this.tunnel?.fromClient(bytes)
    }
  }

  /** Whether the next request may be taken up: none is under way, and the client reads what it was answered. */
  private get takesRequests(): boolean {
    return this.state <= ClientState.head && !this.socket.writableNeedDrain
  }

  /** Takes up the requests in `bytes` until one of them has to be waited for, or the client to read. */
  private process(bytes: Buffer): void {
    this.processing = true
    const head = this.context.requestHead
    let at = 0
    while (at < bytes.length && this.takesRequests) {
      const next = head.parse(bytes, at)
      if (next === incomplete) {
        if (this.state !== ClientState.head) this.context.wheel.schedule(this, this.context.limits.clientHeadMs)
        this.state = ClientState.head
        break
      }
      if (next === rejected) {
        if (head.rejection !== null) this.reject(head.rejection)
        break
      }
      at = this.takeUp(bytes, next)
    }
    // A tunnel cannot have begun here: that takes an answer.
    if (at < bytes.length && this.state <= ClientState.busy) this.keepPending(at === 0 ? bytes : bytes.subarray(at))
    this.processing = false
  }

  /** Begins the request just parsed with what is here of its body. Returns the offset after that. */
  private takeUp(bytes: Buffer, at: number): number {
    const { exchange, context } = this
    const head = context.requestHead
    this.state = ClientState.busy
    context.wheel.cancel(this)
    exchange.begin(head, head.framing)
    const end = exchange.body.advance(bytes, at)
    if (end === -1) {
      exchange.onBadBody("The chunks of the request's body are malformed.")
      return bytes.length
    }
    if (end > at) exchange.body.keep(end === bytes.length && at === 0 ? bytes : bytes.subarray(at, end))
    if (!exchange.body.complete) context.wheel.schedule(this, context.limits.clientStallMs)
    routeRequest(context, exchange, this.peer)
    return end
  }

  /** Bytes while a request is under way: of its body, or of the requests after it. */
  private feed(bytes: Buffer): void {
    const { exchange } = this
    let at = 0
    if (!exchange.body.complete) {
      at = exchange.body.advance(bytes, 0)
      if (at === -1) return exchange.onBadBody("The chunks of the request's body are malformed.")
      if (!exchange.parked) this.expectBody()
      if (at > 0) exchange.onBody(at === bytes.length ? bytes : bytes.subarray(0, at))
      if (at === bytes.length && isPassedOn(exchange)) return freeNow(bytes)
    }
    if (at < bytes.length && this.state === ClientState.busy) this.keepPending(bytes.subarray(at))
  }

  private keepPending(bytes: Buffer): void {
    this.pending.add(bytes)
    if (this.pending.isFull) this.socket.pause()
  }

  /** Refuses what is not a request and ends the connection: where the next one would begin is unknown. */
  private reject(rejection: Rejection): void {
    this.context.observer?.rejected(this.peer, rejection)
    this.refuse(rejection)
  }

  private refuse(error: ErrorResponse): void {
    this.context.totals.reject(error.reason)
    this.writeError(error, true, false)
    this.linger()
  }

  /** Whether bytes given to the socket have not been taken by the system yet: they must not change. */
  get isWriting(): boolean {
    return this.socket.writableLength > 0
  }

  writeHead(head: string, body: Buffer | null): boolean {
    return writeWithHead(this.socket, head, body)
  }

  write(bytes: Buffer): boolean {
    return this.socket.write(bytes)
  }

  writeError(error: ErrorResponse, close: boolean, toHead: boolean): void {
    this.socket.write(renderError(error, this.context.dateLine, close, toHead))
  }

  /** A write was not taken at once: the client is expected to read on. */
  expectDrain(): void {
    this.context.wheel.schedule(this, this.context.limits.clientStallMs)
  }

  pauseBody(): void {
    this.socket.pause()
    if (!this.exchange.parked) this.context.wheel.cancel(this)
  }

  resumeBody(): void {
    if (!this.socket.isPaused()) return
    this.socket.resume()
    this.context.wheel.schedule(this, this.context.limits.clientStallMs)
  }

  /** While the request waits for an endpoint, the connection's deadline is the end of that wait. */
  expireHoldAfter(ms: number): void {
    this.context.wheel.schedule(this, ms)
  }

  /** Nothing else is waited for than what is still to come of the body. */
  expectBody(): void {
    if (this.exchange.body.complete) this.context.wheel.cancel(this)
    else this.context.wheel.schedule(this, this.context.limits.clientStallMs)
  }

  /** The response has been written. `close`: no further request is read. */
  finish(close: boolean): void {
    if (this.state !== ClientState.busy) return
    if (close || this.ended) return this.linger()
    this.state = ClientState.idle
    this.expectRequest()
    this.goOn()
  }

  /** Takes up what had to wait. */
  private goOn(): void {
    if (this.socket.isPaused()) this.socket.resume()
    if (this.processing) return
    const bytes = this.pending.take()
    if (bytes !== null) this.process(bytes)
  }

  /** In a shutdown too, for a moment: the client's next request, perhaps on its way already, is answered, and it is told then. */
  private expectRequest(): void {
    const { closing, limits, wheel } = this.context
    wheel.schedule(this, closing ? limits.shutdownIdleMs : limits.clientIdleMs)
  }

  becomeTunnel(connection: UpstreamConnection, head: string, rest: Buffer): void {
    this.state = ClientState.tunnel
    this.context.wheel.cancel(this)
    this.context.totals.tunnels++
    this.tunnel = joinTunnel(this.socket, connection, { head, rest, early: this.pending.take() })
    if (this.ended) this.tunnel.clientEnded()
  }

  /** The response cannot be completed: the client learns it by the connection's end. */
  abort(): void {
    this.close()
    this.socket.destroy()
  }

  private linger(): void {
    this.state = ClientState.lingering
    this.pending.take()
    this.socket.end()
    this.socket.resume()
    this.context.wheel.schedule(this, this.context.limits.lingerMs)
  }

  /** The proxy shuts down. A request under way is answered with `Connection: close`. */
  shutDown(): void {
    if (this.state === ClientState.idle) this.expectRequest()
  }

  destroy(): void {
    this.socket.destroy()
  }

  onDeadline(): void {
    const { exchange } = this
    if (this.state === ClientState.busy) {
      if (exchange.parked) return expireHold(this.context, exchange)
      if (!exchange.responded && !exchange.body.complete) return exchange.onSlowBody()
    }
    if (this.state === ClientState.head)
      return this.refuse({ status: 408, reason: "slow-head", message: "The request's head came too slowly." })
    if (this.state !== ClientState.idle) return this.destroy()
    this.state = ClientState.expiring
    // Timers come before sockets in a turn of the event loop: what the system has received already is read first.
    setImmediate(() => {
      if (this.state === ClientState.expiring) this.linger()
    })
  }

  private onEnd(): void {
    this.ended = true
    switch (this.state) {
      case ClientState.idle:
      case ClientState.expiring:
      case ClientState.head:
        return this.linger()
      case ClientState.busy:
        // Nothing more will come; what has begun to be answered is still answered.
        if (this.exchange.parked || !this.exchange.body.complete) this.socket.destroy()
        else if (!this.exchange.responded) this.context.wheel.schedule(this, this.context.limits.halfCloseGraceMs)
        return
      case ClientState.tunnel:
        return this.tunnel?.clientEnded()
    }
  }

  private onDrain(): void {
    if (this.state === ClientState.tunnel) this.tunnel?.clientDrained()
    else if (this.takesRequests) this.goOn()
    else if (this.state === ClientState.busy) {
      if (this.exchange.body.complete) this.context.wheel.cancel(this)
      this.exchange.onClientDrain()
    }
  }

  private onClose(): void {
    if (this.state === ClientState.tunnel) this.tunnel?.clientClosed()
    this.close()
    this.context.totals.clientConnections--
    this.context.peers.left(this.peer)
    this.context.onClientClosed(this)
  }

  private close(): void {
    if (this.state === ClientState.busy) this.exchange.abandon()
    if (this.state === ClientState.tunnel) this.context.totals.tunnels--
    this.state = ClientState.closed
    this.pending.take()
    this.context.wheel.cancel(this)
  }
}
