/**
 * The routers that are connected to one server, and the log they follow. Every frame is made once and sent to all. Plain and
 * synchronous: a router joins and gets what it missed in one step, so that no change falls between. A router that does not
 * read is cut off before its backlog costs memory; it resumes when it comes back. It opens no sockets.
 */
import * as FeedLog from "./FeedLog.ts"
import type { FeedVersion } from "./FeedProtocol.ts"

/** A connection to a router. */
export interface FeedPeer {
  /** Bytes handed over and not yet taken by the network. */
  readonly bufferedAmount: number
  /** Takes one text frame, UTF-8; the bytes are shared with other peers and must not be changed. */
  send(frame: Buffer): void
  /** Ends the connection without a farewell. */
  terminate(): void
}

export interface FeedHubOptions {
  readonly instance: string
  /** Changes kept for routers that resume. Default 256. */
  readonly historyLimit?: number
  /** A router with a longer backlog, beside what it is given when it joins, is cut off. Default 8 MiB. */
  readonly maxBufferedBytes?: number
  /** Without a reading for this long, what is held no longer counts as confirmed by a quorum. Default 5 s. */
  readonly staleAfterMillis?: number
}

export interface FeedHubStats {
  readonly routers: number
  readonly framesSent: number
  readonly slowRoutersCut: number
  readonly version: FeedVersion | null
}

export class FeedHub {
  #log: FeedLog.FeedLog
  /** With the bytes that each was given when it joined: the table of a large Swarm alone may be more than the longest backlog. */
  readonly #peers = new Map<FeedPeer, number>()
  readonly #maxBufferedBytes: number
  readonly #staleAfterMillis: number
  #recordedAtMillis = 0
  #framesSent = 0
  /** The last frame as bytes: routers that come back at the same time get the same table. */
  #encoded = { text: "", bytes: Buffer.alloc(0) }
  #slowRoutersCut = 0

  constructor(options: FeedHubOptions) {
    this.#log = FeedLog.empty(options.instance, options.historyLimit)
    this.#maxBufferedBytes = options.maxBufferedBytes ?? 8 << 20
    this.#staleAfterMillis = options.staleAfterMillis ?? 5_000
  }

  /** Takes a reading in and sends all routers what changed. Throws where it is no valid reading. `nowMillis` is of the same clock as `heartbeat`'s. */
  record(reading: FeedLog.FeedReading, nowMillis: number): void {
    const { frame, log } = FeedLog.record(this.#log, reading)
    // What cannot be put into a frame throws here, before it is taken, and not at every beat afterwards.
    FeedLog.heartbeat(log)
    this.#recordedAtMillis = nowMillis
    this.#log = log
    if (frame !== null) this.#broadcast(frame)
  }

  /** Tells all routers the version held: that it is still confirmed, or no longer so. */
  heartbeat(nowMillis: number): void {
    if (nowMillis - this.#recordedAtMillis >= this.#staleAfterMillis) this.#log = FeedLog.withoutQuorum(this.#log)
    this.#broadcast(FeedLog.heartbeat(this.#log))
  }

  join(peer: FeedPeer, resume: { readonly instance: string; readonly sequence: number } | undefined): void {
    this.#peers.set(peer, 0)
    for (const frame of FeedLog.catchUp(this.#log, resume)) {
      const bytes = this.#bytes(frame)
      this.#send(peer, bytes)
      const given = this.#peers.get(peer)
      if (given !== undefined) this.#peers.set(peer, given + bytes.length)
    }
  }

  leave(peer: FeedPeer): void {
    this.#peers.delete(peer)
  }

  stats(): FeedHubStats {
    return {
      routers: this.#peers.size,
      framesSent: this.#framesSent,
      slowRoutersCut: this.#slowRoutersCut,
      version: this.#log.latest?.version ?? null
    }
  }

  #broadcast(frame: string): void {
    const bytes = this.#bytes(frame)
    for (const peer of this.#peers.keys()) this.#send(peer, bytes)
  }

  #bytes(text: string): Buffer {
    if (this.#encoded.text !== text) this.#encoded = { text, bytes: Buffer.from(text) }
    return this.#encoded.bytes
  }

  #send(peer: FeedPeer, frame: Buffer): void {
    if (peer.bufferedAmount > this.#maxBufferedBytes + (this.#peers.get(peer) ?? 0)) {
      this.#slowRoutersCut++
      this.#peers.delete(peer)
      peer.terminate()
      return
    }
    this.#framesSent++
    peer.send(frame)
  }
}
