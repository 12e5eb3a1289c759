/**
 * A task of a made-up Swarm: an HTTP server on a loopback address of its own, that starts, drains and dies as a container's
 * does. Answers every request with the request's own id and body, and holds upgraded connections as streams that it echoes.
 */
import * as http from "node:http"
import type { Socket } from "node:net"

export interface TaskOptions {
  readonly name: string
  readonly node: string
  readonly host: string
  /** Default any free one. */
  readonly port?: number
  /** Connections that wait to be accepted. Default 1,024. */
  readonly backlog?: number
}

export class Task {
  readonly name: string
  readonly node: string
  readonly host: string
  port = 0
  private readonly options: TaskOptions
  private readonly server: http.Server
  private readonly sockets = new Set<Socket>()

  constructor(options: TaskOptions) {
    this.options = options
    this.name = options.name
    this.node = options.node
    this.host = options.host
    this.server = http.createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
      const pieces: Array<Buffer> = []
      request.on("error", () => undefined)
      request.on("data", (piece: Buffer) => pieces.push(piece))
      request.on("end", () => {
        response.setHeader("request-id", request.headers["request-id"] ?? "")
        response.setHeader("task", this.name)
        response.end(Buffer.concat(pieces))
      })
    })
    this.server.on("connection", (socket) => {
      this.sockets.add(socket)
      socket.on("close", () => this.sockets.delete(socket))
    })
    this.server.on("upgrade", (_request, socket) => {
      socket.on("error", () => undefined)
      socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
      socket.pipe(socket)
    })
  }

  async start(): Promise<this> {
    const { backlog, host, port } = this.options
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", reject)
      this.server.listen({ host, port: port ?? 0, backlog: backlog ?? 1_024 }, resolve)
    })
    const address = this.server.address()
    this.port = typeof address === "object" && address !== null ? address.port : 0
    return this
  }

  /** SIGTERM: takes no more connections, answers what it has, and is gone after `graceMs` at the latest. */
  async stop(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    this.server.closeIdleConnections()
    const timer = setTimeout(() => this.crash(), graceMs)
    await closed
    clearTimeout(timer)
  }

  /** SIGKILL: every connection is reset, and new ones are refused. */
  crash(): void {
    this.server.close()
    for (const socket of this.sockets) socket.resetAndDestroy()
  }
}
