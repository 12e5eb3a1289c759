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
import { ExchangeState } from "./ExchangeState.ts"
import { explainFailure } from "./FailureText.ts"
import { logExchange } from "./ExchangeLog.ts"
import { failOver } from "./Failover.ts"
import { asksForTunnel, forwardedResponse, webSocket } from "./ForwardedHead.ts"
import { noteAnswer } from "./Ejection.ts"
import { park, pump, unpark } from "./Holding.ts"
import type { ProxyContext } from "./ProxyContext.ts"
import type { FailureReason } from "./ProxyStats.ts"
import { dispatch, place } from "./Placing.ts"
import { notesOf, sendHead, sendInterim } from "./ResponseRelay.ts"
import { sendMore, sendRequest, waitForNext } from "./RequestSending.ts"
import { askElsewhere, noteRetryAfter } from "./RetryAfter.ts"
import { isIdempotent } from "./RetryPolicy.ts"
import type { Target } from "./Target.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"
import { dropConnection } from "./UpstreamPool.ts"

export class Exchange extends ExchangeState {
  private readonly context: ProxyContext
  private expectsTunnel = false
  private counted: Target | null = null

  constructor(context: ProxyContext, client: ClientConnection) {
    super(client)
    this.context = context
  }

  /** Takes up a request whose head has just been parsed; its body is announced, not yet read. */
  begin(head: RequestHead, framing: BodyFraming): void {
    this.isHead = head.method === "HEAD"
    this.expectsTunnel = asksForTunnel(head)
    this.isPlainRead = this.isHead || (head.method === "GET" && !this.expectsTunnel)
    this.idempotent = isIdempotent(head.method)
    this.keepAlive = head.keepAlive && head.minorVersion === 1
    this.minorVersion = head.minorVersion
    this.wantsPlainBody = head.minorVersion === 0
    this.body.begin(framing, head.contentLength, head.connection.names)
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
    this.client.peer.requests++
    const { observer } = this.context
    if (observer !== null) this.access = observer.open(head, this.client.peer)
  }

  /** Sends the request, whose head for the endpoint is `head`, to one of the target's endpoints, or lets it wait. */
  start(target: Target, head: string): void {
    this.target = target
    this.head = head
    target.stats.requests++
    target.budget.noteRequest()
    this.counted = target
    if (++target.inFlight > this.context.limits.requestsPerTarget) return this.refuse("overload")
    if (target.queue.length > 0 && target.holdMillis > 0) return park(this.context, this, target, false)
    place(this.context, this, this.startedAt, false)
  }

  /** Its turn in the queue has come. */
  resumeAt(endpoint: Endpoint, now: number): void {
    dispatch(this.context, this, endpoint, now)
  }

  /** Whether it may be sent once more though it may have been done. */
  get repeatable(): boolean {
    return this.idempotent && !this.body.lost
  }

  onConnected(connection: UpstreamConnection): void {
    sendRequest(this.context, this, connection, this.context.now())
  }

  /** More of the body has come from the client. */
  onBody(piece: Buffer): void {
    sendMore(this.context, this, piece)
  }

  onUpstreamDrain(connection: UpstreamConnection): void {
    if (!this.body.complete) waitForNext(this, connection, true)
  }

  /** 1xx other than 101. */
  onInterim(connection: UpstreamConnection, head: ResponseHead): void {
    if (this.hedge === null || this.hedge.passesInterim(connection)) sendInterim(this, head)
    if (this.body.complete) connection.expectWithin(connection.endpoint.service.firstByteMillis)
  }

  onSwitch(connection: UpstreamConnection, head: ResponseHead, rest: Buffer): void {
    if (!this.expectsTunnel || head.upgrade !== webSocket)
      return this.onBadResponse(connection, "It switched protocols without having been asked to.")
    this.answered(connection, head.status)
    this.connection = null
    connection.endpoint.outstanding--
    const text = forwardedResponse(head, false, "", false, notesOf(this.context, this, connection.endpoint))
    this.finished()
    this.client.becomeTunnel(connection, text, rest)
  }

  /** The head of the final response lies in `bytes` from `start` to `bodyStart`, the first of its body from there to `end`. */
  onResponse(
    connection: UpstreamConnection,
    head: ResponseHead,
    bytes: Buffer,
    start: number,
    bodyStart: number,
    end: number
  ): void {
    if (head.status === 503) noteRetryAfter(this.context, connection.endpoint, head)
    if (this.hedge !== null && !this.hedge.settle(connection, head.status)) return
    if (head.status === 503 && askElsewhere(this.context, this, connection)) return
    this.answered(connection, head.status)
    connection.expectWithin(connection.endpoint.service.idleMillis)
    if (this.access !== null) this.access.bytesOut += end - bodyStart
    if (!sendHead(this.context, this, connection.endpoint, head, bytes, start, bodyStart, end))
      this.waitForClient(connection)
  }

  onResponseBytes(connection: UpstreamConnection, bytes: Buffer): void {
    if (this.access !== null) this.access.bytesOut += bytes.length
    if (!this.client.write(bytes)) this.waitForClient(connection)
    else connection.expectWithin(connection.endpoint.service.idleMillis)
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
    connection.endpoint.observe(now - connection.sentAt, now)
    if (this.isPlainRead) this.target?.firstBytes?.note(now - this.sentAt)
    noteAnswer(this.context, connection, status, now)
    connection.probe = false
  }

  onBadResponse(connection: UpstreamConnection, detail: string): void {
    if (this.hedge !== null && this.hedge.survives(connection)) return
    this.letGoOf(connection)
    this.refuse("bad-response", detail)
  }

  /** The connection failed, timed out, or was found to lead to a suspect node. */
  onUpstreamFailure(connection: UpstreamConnection, reason: FailureReason, silence: boolean): void {
    failOver(this.context, this, connection, reason, silence)
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
    if (this.access !== null) logExchange(this.context, this, this.context.now(), "client-abort")
    this.leave()
    this.target = null
  }

  letGoOf(connection: UpstreamConnection): void {
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
    if (this.access !== null) this.access.reason = reason
    const close = !this.keepAlive || !this.body.complete || this.context.closing
    this.client.writeError({ status, reason, message, fields }, close, this.isHead)
    this.finished()
    this.client.finish(close)
  }

  /** Ends a response that has begun and cannot be completed. */
  breakOff(reason: FailureReason): void {
    this.target?.stats.fail(reason)
    if (this.access !== null) this.access.reason = reason
    this.finished()
    this.client.abort()
  }

  finished(): void {
    this.over = true
    this.leave()
    const now = this.context.now()
    this.target?.stats.observe(this.status, now - this.startedAt)
    if (this.access !== null) logExchange(this.context, this, now, this.access.reason)
    if (this.body.keptBytes > 0) this.body.letGo()
  }

  private leave(): void {
    if (this.hedge !== null) this.hedge.end()
    if (this.deadline !== null) this.deadline.end()
    this.context.totals.requestsInFlight--
    this.client.peer.requests--
    if (this.counted !== null) this.counted.inFlight--
    this.counted = null
  }
}
