/**
 * What a connection becomes after 101: bytes go both ways untouched, each side's end is passed on only after what came
 * before it, and a side that does not read makes the other wait. No idle time-out; TCP keep-alive finds dead peers. When
 * both sides have ended and everything is written, the sockets close by themselves.
 */
import type { Socket } from "node:net"
import { freeNow } from "./DirectReads.ts"
import { writeWithHead } from "./SocketWrites.ts"
import type { UpstreamConnection } from "./UpstreamConnection.ts"

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
    else if (this.upstream.writableLength === 0) freeNow(bytes)
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

  /** The client's socket is gone. Unless both sides had ended it was broken off, and the other side has nobody to talk to. */
  clientClosed(): void {
    if (!this.clientHasEnded || !this.upstreamHasEnded) this.upstream.destroy()
  }

  upstreamClosed(): void {
    if (!this.clientHasEnded || !this.upstreamHasEnded) this.client.destroy()
  }

  destroy(): void {
    this.client.destroy()
    this.upstream.destroy()
  }
}

/**
 * Makes one of a client's connection and the one that answered it with 101. `head`: that answer as the client gets it; `rest`:
 * what came behind it; `early`: what the client has sent already.
 */
export const joinTunnel = (
  client: Socket,
  connection: UpstreamConnection,
  { early, head, rest }: { readonly head: string; readonly rest: Buffer; readonly early: Buffer | null }
): Tunnel => {
  const upstream = connection.socket
  const tunnel = new Tunnel(client, upstream)
  connection.becomeTunnel(tunnel)
  writeWithHead(client, head, rest)
  if (early !== null) tunnel.fromClient(early)
  if (client.isPaused() && !upstream.writableNeedDrain) client.resume()
  return tunnel
}
