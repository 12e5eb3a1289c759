/**
 * What a connection becomes after 101: bytes go both ways untouched, each side's end is passed on only after what came
 * before it, and a side that does not read makes the other wait. No idle time-out; TCP keep-alive finds dead peers. When
 * both sides have ended and everything is written, the sockets close by themselves.
 */
import type { Socket } from "node:net"

const keepAliveAfterMs = 30_000

export class Tunnel {
  private readonly client: Socket
  private readonly upstream: Socket
  private clientHasEnded = false
  private upstreamHasEnded = false

  constructor(client: Socket, upstream: Socket) {
    this.client = client
    this.upstream = upstream
    client.setKeepAlive(true, keepAliveAfterMs)
    upstream.setKeepAlive(true, keepAliveAfterMs)
  }

  fromClient(bytes: Buffer): void {
    if (!this.upstream.write(bytes)) this.client.pause()
  }

  fromUpstream(bytes: Buffer): void {
    if (!this.client.write(bytes)) this.upstream.pause()
  }

  clientDrained(): void {
    this.upstream.resume()
  }

  upstreamDrained(): void {
    this.client.resume()
  }

  clientEnded(): void {
    this.clientHasEnded = true
    this.upstream.end()
  }

  upstreamEnded(): void {
    this.upstreamHasEnded = true
    this.client.end()
  }

  /** The client's socket is gone. If the other side was still talking, there is nobody to talk to. */
  clientClosed(): void {
    if (!this.upstreamHasEnded) this.upstream.destroy()
  }

  upstreamClosed(): void {
    if (!this.clientHasEnded) this.client.destroy()
  }

  destroy(): void {
    this.client.destroy()
    this.upstream.destroy()
  }
}
