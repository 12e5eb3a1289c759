/**
 * One request and its response: finds an endpoint, sends, relays, and when something fails decides between another try,
 * waiting, and an error (what the decision rests on is in RetryPolicy and Selection). One object per client connection,
 * used for one request after another.
 */
import { BodyFraming } from "@evenkeel/http1/Framing"
import type { RequestHead } from "@evenkeel/http1/RequestHead"
import type { ResponseHead } from "@evenkeel/http1/ResponseHead"
import type { ClientConnection } from "./ClientConnection.ts"
import type { Endpoint } from "./Endpoint.ts"
import { explainFailure } from "./FailureText.ts"
import { asksForTunnel, forwardedResponse, webSocket } from "./ForwardedHead.ts"
import { ejectAfter, noteAnswer } from "./Ejection.ts"
import { growHeld, park, pump, unpark } from "./Holding.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { FailureReason } from "./ProxyStats.ts"
import { RequestBody } from "./RequestBody.ts"
import { afterFailure, isIdempotent } from "./RetryPolicy.ts"
import { choose, chooseProbe } from "./Selection.ts"
import { writeRequest } from "./SocketWrites.ts"
import type { Target } from "./Target.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"
import { dropConnection, takeConnection } from "./UpstreamPool.ts"

export class Exchange {
  readonly client: ClientConnection
  readonly body = new RequestBody()
  /** Links of the queue it waits in. */
  heldBefore: Exchange | null = null
  heldAfter: Exchange | null = null
  parked = false
  /** Body bytes that the hold budget knows of. */
  heldBytes = 0
  /** When it first waited (monotonic ms), 0 if never. */
  heldSince = 0
  isHead = false
  /** A byte of the final response has been given to the client. */
  responded = false
  /** Nothing is under way. */
  over = true
  /** A chunked response is to be sent without its chunks. */
  wantsPlainBody = false
  target: Target | null = null
  private readonly context: ProxyContext
  private head = ""
  private idempotent = false
  private expectsTunnel = false
  private keepAlive = false
  private closeAfter = false
  private minorVersion = 1
  private continueSent = false
  private connection: UpstreamConnection | null = null
  private tried: Array<Endpoint> = []
  private retries = 0
  private freshOnly = false
  private status = 0
  private startedAt = 0
  private sentAt = 0

  constructor(context: ProxyContext, client: ClientConnection) {
    this.context = context
    this.client = client
  }

  /** Takes up a request whose head has just been parsed; its body is announced, not yet read. */
  begin(head: RequestHead, framing: BodyFraming): void {
    this.isHead = head.method === "HEAD"
    this.idempotent = isIdempotent(head.method)
    this.expectsTunnel = asksForTunnel(head)
    this.keepAlive = head.keepAlive && head.minorVersion === 1
    this.minorVersion = head.minorVersion
    this.wantsPlainBody = head.minorVersion === 0
    this.body.begin(framing, head.contentLength)
    this.over = false
    this.responded = false
    this.continueSent = false
    this.closeAfter = false
    this.target = null
    if (this.tried.length > 0) this.tried = []
    this.retries = 0
    this.freshOnly = false
    this.heldSince = 0
    this.status = 0
    this.startedAt = this.context.now()
    this.context.totals.requestsInFlight++
  }

  /** Sends the request, whose head for the endpoint is `head`, to one of the target's endpoints, or lets it wait. */
  start(target: Target, head: string): void {
    this.target = target
    this.head = head
    target.stats.requests++
    target.budget.noteRequest()
    if (target.unspeakable) return this.refuse("scheme")
    if (target.queue.length > 0 && target.holdMillis > 0) return park(this.context, this, target, false)
    this.place(this.startedAt, false)
  }

  /** Its turn in the queue has come. */
  resumeAt(endpoint: Endpoint, now: number): void {
    this.dispatch(endpoint, now)
  }

  /** Chooses an endpoint; where there is none, tries one that is out, waits, or gives up. */
  private place(now: number, first: boolean): void {
    const { context } = this
    if (this.target === null) return
    const target = context.fleet.current(this.target)
    this.target = target
    const endpoint = choose(target, this.tried, now, context.random)
    if (endpoint !== null) return this.dispatch(endpoint, now)
    const mayHold = target.holdMillis > 0
    const probe = chooseProbe(target, now, mayHold ? context.limits.probePaceMs : 0)
    if (probe !== null) return this.dispatch(probe, now)
    if (mayHold) return park(context, this, target, first)
    this.refuse("no-endpoint")
  }

  private dispatch(endpoint: Endpoint, now: number): void {
    const { limits } = this.context
    const safe = this.idempotent && this.body.isAtMost(limits.replayBytes)
    const maxIdleMs = this.freshOnly ? 0 : safe ? Infinity : limits.unsafeReuseMs
    const connection = takeConnection(this.context, endpoint, this, maxIdleMs, now)
    this.connection = connection
    if (connection.reused) this.send(connection, now)
  }

  onConnected(connection: UpstreamConnection): void {
    this.send(connection, this.context.now())
  }

  private send(connection: UpstreamConnection, now: number): void {
    const { body } = this
    this.sentAt = now
    connection.written = true
    const more = writeRequest(connection.socket, this.head, body.pieces)
    if (body.hasBody && (!this.idempotent || body.keptBytes > this.context.limits.replayBytes)) body.letGo()
    this.afterSending(connection, more)
  }

  /** More of the body has come from the client. */
  onBody(piece: Buffer): void {
    const { body, connection } = this
    const { replayBytes } = this.context.limits
    if (connection === null || !connection.written) {
      body.keep(piece)
      const room = !this.parked || growHeld(this.context, this, piece.length)
      if ((body.keptBytes >= replayBytes || !room) && !body.complete) this.client.pauseBody()
      return
    }
    if (!body.lost) {
      body.keep(piece)
      if (body.keptBytes > replayBytes) body.letGo()
    }
    this.afterSending(connection, connection.socket.write(piece))
  }

  /** Who is waited for next: the socket to take more, the client to send more, or the endpoint to answer. */
  private afterSending(connection: UpstreamConnection, more: boolean): void {
    const { firstByteMillis } = connection.endpoint.service
    if (this.body.complete) {
      if (!this.responded) connection.expectWithin(firstByteMillis)
    } else if (!more) {
      this.client.pauseBody()
      connection.expectWithin(firstByteMillis)
    } else {
      connection.expectNothing()
      this.client.resumeBody()
    }
  }

  onUpstreamDrain(connection: UpstreamConnection): void {
    if (!this.body.complete) this.afterSending(connection, true)
  }

  /** 1xx other than 101: passed on, the first 100 only, and not to HTTP/1.0. */
  onInterim(connection: UpstreamConnection, head: ResponseHead): void {
    if (this.minorVersion === 0 || (head.status === 100 && this.continueSent)) return
    if (head.status === 100) this.continueSent = true
    this.client.write(Buffer.from(forwardedResponse(head, false, "", false), "latin1"))
    if (this.body.complete) connection.expectWithin(connection.endpoint.service.firstByteMillis)
  }

  onSwitch(connection: UpstreamConnection, head: ResponseHead, rest: Buffer): void {
    if (!this.expectsTunnel || head.upgrade !== webSocket)
      return this.onBadResponse(connection, "It switched protocols without having been asked to.")
    this.answered(connection, head.status)
    this.connection = null
    connection.endpoint.outstanding--
    this.finished()
    this.client.becomeTunnel(connection, forwardedResponse(head, false, "", false), rest)
  }

  onResponse(connection: UpstreamConnection, head: ResponseHead, body: Buffer | null): void {
    this.answered(connection, head.status)
    const chunked = head.framing === BodyFraming.chunked
    const untilClose = head.framing === BodyFraming.untilClose
    // An answer may begin before the request has ended; only a refusal means that the rest is not wanted.
    const unwanted = !this.body.complete && head.status >= 400
    this.closeAfter =
      !this.keepAlive || unwanted || untilClose || this.context.closing || (chunked && this.wantsPlainBody)
    connection.expectWithin(connection.endpoint.service.idleMillis)
    const framed = chunked && !this.wantsPlainBody
    const text = forwardedResponse(head, this.closeAfter, this.context.dateLine, framed, this.notes())
    if (!this.client.writeHead(text, body)) this.waitForClient(connection)
  }

  onResponseBytes(connection: UpstreamConnection, bytes: Buffer): void {
    if (!this.client.write(bytes)) this.waitForClient(connection)
    else connection.expectWithin(connection.endpoint.service.idleMillis)
  }

  /** What a client that looks may learn: how long the request was held, and how often it was tried. */
  private notes(): string {
    const held = this.heldSince === 0 ? "" : `Evenkeel-Held-Ms: ${Math.round(this.sentAt - this.heldSince)}\r\n`
    return this.tried.length === 0 ? held : `${held}Evenkeel-Tries: ${this.tried.length + 1}\r\n`
  }

  private waitForClient(connection: UpstreamConnection): void {
    connection.socket.pause()
    connection.expectNothing()
    this.client.expectDrain()
  }

  onClientDrain(): void {
    const { connection } = this
    if (connection === null || !connection.socket.isPaused()) return
    connection.socket.resume()
    connection.expectWithin(connection.endpoint.service.idleMillis)
  }

  onResponseEnd(connection: UpstreamConnection): void {
    const { target } = this
    this.connection = null
    connection.endpoint.outstanding--
    if (this.body.complete) connection.release()
    else connection.destroy()
    this.finished()
    this.client.finish(this.closeAfter || !this.body.complete)
    if (target !== null && target.queue.length > 0) pump(this.context, target)
  }

  private answered(connection: UpstreamConnection, status: number): void {
    const now = this.context.now()
    this.responded = true
    this.status = status
    connection.endpoint.observe(now - this.sentAt, now)
    noteAnswer(this.context, connection)
    connection.probe = false
  }

  onBadResponse(connection: UpstreamConnection, detail: string): void {
    this.letGoOf(connection)
    this.refuse("bad-response", detail)
  }

  /** The connection failed, timed out, or was found to lead to a suspect node. */
  onUpstreamFailure(connection: UpstreamConnection, reason: FailureReason, silence: boolean): void {
    const { context, target } = this
    const { endpoint, written, reused, connecting } = connection
    const moved = reason === "node-suspect" || reason === "endpoint-gone"
    const wasProbe = connection.probe
    this.letGoOf(connection)
    if (!moved && !this.responded) {
      if (!connecting && !(reused && reason === "reset")) endpoint.unanswered++
      const eject = connecting || wasProbe || endpoint.unanswered >= context.limits.unansweredToEject
      if (eject || silence) ejectAfter(context, endpoint, { reason, silence, eject })
    }
    if (target === null) return
    if (this.responded) {
      target.stats.fail(reason === "idle-timeout" ? reason : "response-cut")
      this.finished()
      return this.client.abort()
    }
    const now = context.now()
    const verdict = afterFailure({
      written,
      repeatable: this.idempotent && !this.body.lost,
      moved,
      staleReuse: reused && reason === "reset",
      hasWaited: this.heldSince !== 0,
      retriesLeft: this.retries < endpoint.service.retries,
      mayWait: target.holdMillis > 0,
      takeFromBudget: () => target.budget.take(now)
    })
    this.tried.push(endpoint)
    switch (verdict) {
      case "refuse":
        return this.refuse(reason)
      case "wait":
        return park(context, this, target, true)
      case "move":
        target.stats.moves++
        break
      case "fresh":
        this.freshOnly = true
        target.stats.retries++
        break
      case "retry":
        this.retries++
        target.stats.retries++
    }
    this.place(now, true)
  }

  /** The chunks of the client's body are malformed. */
  onBadBody(message: string): void {
    if (this.connection !== null) this.letGoOf(this.connection)
    if (this.parked) unpark(this.context, this)
    if (this.responded) {
      this.finished()
      return this.client.abort()
    }
    this.respond(400, "body", message)
  }

  /** The client has stopped sending its body. */
  onSlowBody(): void {
    if (this.connection !== null) this.letGoOf(this.connection)
    this.respond(408, "slow-body", "The body of the request came too slowly.")
  }

  /** The client is gone, or is given up. */
  abandon(): void {
    if (this.over) return
    this.over = true
    if (this.parked) unpark(this.context, this)
    if (this.connection !== null) this.letGoOf(this.connection)
    if (this.target !== null) this.target.stats.clientAborts++
    this.context.totals.requestsInFlight--
    this.target = null
  }

  private letGoOf(connection: UpstreamConnection): void {
    this.connection = null
    dropConnection(connection)
  }

  /** Ends the request with the error that `reason` stands for. */
  refuse(reason: FailureReason, detail = ""): void {
    const name = this.target?.name ?? ""
    this.target?.stats.fail(reason)
    const { status, message, retryAfterSeconds } = explainFailure(reason, name, this.target?.holdMillis ?? 0)
    const fields = retryAfterSeconds === 0 ? "" : `Retry-After: ${retryAfterSeconds}\r\n`
    this.respond(status, reason, detail === "" ? message : `${message} ${detail}`, fields)
  }

  /** Ends the request with a response of the router's own. */
  respond(status: number, reason: string, message: string, fields = ""): void {
    this.status = status
    this.responded = true
    const close = !this.keepAlive || !this.body.complete || this.context.closing
    this.client.writeError({ status, reason, message, fields }, close, this.isHead)
    this.finished()
    this.client.finish(close)
  }

  private finished(): void {
    this.over = true
    this.context.totals.requestsInFlight--
    this.target?.stats.observe(this.status, this.context.now() - this.startedAt)
    if (this.body.keptBytes > 0) this.body.letGo()
  }
}
