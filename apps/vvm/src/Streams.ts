/**
 * The VVM's long-lived streams: server-sent events and WebSocket echo. Keeps the list of the open ones, so that a stopping
 * task says good-bye to each (an event `bye`, a close with 1001) instead of cutting it.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import type { VvmMetrics } from "./VvmMetrics.ts"
import type { VvmIdentity } from "./VvmOptions.ts"

/** Close code of RFC 6455 section 7.4.1: an endpoint is going away. */
const goingAway = 1001

export class Streams {
  private readonly identity: VvmIdentity
  private readonly metrics: VvmMetrics
  private readonly sse = new Map<ServerResponse, () => void>()
  private readonly sockets: WebSocketServer
  private ending = false

  constructor(identity: VvmIdentity, metrics: VvmMetrics) {
    this.identity = identity
    this.metrics = metrics
    this.sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024 * 1024 })
  }

  /**
   * Sends an event at once and then every `everyMs`, `count` in all (0: until the client or the task goes). Ids count up from
   * the one after `lastEventId`.
   */
  openSse(
    response: ServerResponse,
    events: { readonly everyMs: number; readonly count: number; readonly lastEventId: number }
  ): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
    response.write("retry: 500\n\n")
    let sent = 0
    const stop = (): void => {
      clearInterval(timer)
      if (this.sse.delete(response)) this.metrics.openSse--
    }
    const send = (): void => {
      // A client that does not read gets no further events until it does; ids stay without gaps.
      if (response.writableNeedDrain) return
      const id = events.lastEventId + ++sent
      response.write(`id: ${id}\ndata: ${JSON.stringify({ ...this.identity, event: id })}\n\n`)
      if (sent === events.count) {
        stop()
        response.end()
      }
    }
    const timer = setInterval(send, events.everyMs)
    this.sse.set(response, () => {
      stop()
      response.end("event: bye\ndata: the task is stopping\n\n")
    })
    this.metrics.openSse++
    response.once("close", stop)
    if (this.ending) this.sse.get(response)?.()
    else send()
  }

  /** Takes over an upgraded connection: greets with the task's identity, then echoes every message in its own type. */
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    this.sockets.handleUpgrade(request, connection, head, (socket) => this.serve(socket))
  }

  /** Says good-bye to every stream. */
  end(): void {
    this.ending = true
    for (const bye of [...this.sse.values()]) bye()
    for (const socket of this.sockets.clients) socket.close(goingAway, "the task is stopping")
  }

  /** Cuts what is still open. */
  terminate(): void {
    for (const socket of this.sockets.clients) socket.terminate()
    this.sockets.close()
  }

  private serve(socket: WebSocket): void {
    this.metrics.openWebSockets++
    socket.once("close", () => this.metrics.openWebSockets--)
    socket.on("error", () => socket.terminate())
    if (this.ending) {
      socket.close(goingAway, "the task is stopping")
      return
    }
    socket.send(JSON.stringify(this.identity))
    socket.on("message", (message, isBinary) => socket.send(message, { binary: isBinary }))
  }
}
