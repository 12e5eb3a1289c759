/** Open upgraded connections through the router, each of which sends a byte now and then and waits for it to come back. */
import * as net from "node:net"

const handshake =
  "GET /stream HTTP/1.1\r\nHost: web\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

export class Streams {
  broken = 0
  echoes = 0
  private readonly sockets: Array<net.Socket> = []
  private timer: NodeJS.Timeout | null = null

  /** Resolves when all `count` are open. */
  async start(port: number, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.openOne(port)))
    this.timer = setInterval(() => {
      for (const socket of this.sockets) socket.write("s")
    }, 100)
  }

  private openOne(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: "127.0.0.1" })
      this.sockets.push(socket)
      socket.once("connect", () => socket.write(handshake))
      socket.once("data", (bytes: Buffer) => {
        if (!bytes.toString("latin1").startsWith("HTTP/1.1 101 "))
          return reject(new Error(`no stream: ${bytes.toString("latin1", 0, 60)}`))
        socket.on("data", () => this.echoes++)
        resolve()
      })
      socket.on("error", () => undefined)
      socket.on("close", () => {
        if (this.timer !== null) this.broken++
        reject(new Error("a stream was closed while it was opened"))
      })
    })
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
    for (const socket of this.sockets) socket.destroy()
  }
}
