/**
 * The connections that servers of this process have accepted, by the address they came to: so a task can be cut off without
 * its server's help. Node tells of each one on the diagnostics channel `net.server.socket`. Frozen connections neither read nor
 * write; new ones are accepted, as the kernel does, and stay silent.
 */
import * as diagnostics from "node:diagnostics_channel"
import type { Socket } from "node:net"

const channelName = "net.server.socket"

const socketOf = (message: unknown): Socket | undefined =>
  typeof message === "object" && message !== null && "socket" in message ? (message.socket as Socket) : undefined

interface Watched {
  readonly sockets: Set<Socket>
  isFrozen: boolean
}

const keyOf = (address: string, port: number): string => `${address}:${port}`

type Done = (error?: Error | null) => void

/** What a stream's implementation writes and ends by; an instance's own ones go before the class's. */
interface Outlet {
  _write?: (chunk: unknown, encoding: BufferEncoding, done: Done) => void
  _writev?: (chunks: ReadonlyArray<{ readonly chunk: unknown; readonly encoding: BufferEncoding }>, done: Done) => void
  _final?: (done: Done) => void
}

/** What a frozen connection would have done. Corking would not do: an HTTP response that ends uncorks its connection. */
const held = new WeakMap<Socket, Array<() => void>>()

const hold = (socket: Socket): void => {
  const waiting: Array<() => void> = []
  const outlet = socket as unknown as Outlet
  const { _final: final, _write: write, _writev: writev } = outlet
  held.set(socket, waiting)
  socket.pause()
  outlet._write = (chunk, encoding, done) => void waiting.push(() => write?.call(socket, chunk, encoding, done))
  outlet._writev = (chunks, done) => void waiting.push(() => writev?.call(socket, chunks, done))
  outlet._final = (done) => void waiting.push(() => final?.call(socket, done))
}

const release = (socket: Socket): void => {
  const outlet = socket as unknown as Outlet
  delete outlet._write
  delete outlet._writev
  delete outlet._final
  for (const act of held.get(socket) ?? []) act()
  held.delete(socket)
  socket.resume()
}

export class LoopbackSockets {
  readonly #watched = new Map<string, Watched>()
  readonly #listener = (message: unknown): void => {
    const socket = socketOf(message)
    if (socket !== undefined) this.#take(socket)
  }

  watch(address: string, port: number): void {
    if (this.#watched.size === 0) diagnostics.subscribe(channelName, this.#listener)
    this.#watched.set(keyOf(address, port), { sockets: new Set(), isFrozen: false })
  }

  unwatch(address: string, port: number): void {
    this.#watched.delete(keyOf(address, port))
    if (this.#watched.size === 0) diagnostics.unsubscribe(channelName, this.#listener)
  }

  freeze(address: string, port: number): void {
    const watched = this.#watched.get(keyOf(address, port))
    if (watched === undefined || watched.isFrozen) return
    watched.isFrozen = true
    for (const socket of watched.sockets) hold(socket)
  }

  thaw(address: string, port: number): void {
    const watched = this.#watched.get(keyOf(address, port))
    if (watched === undefined || !watched.isFrozen) return
    watched.isFrozen = false
    for (const socket of watched.sockets) release(socket)
  }

  /** Resets all connections. */
  reset(address: string, port: number): void {
    for (const socket of this.#watched.get(keyOf(address, port))?.sockets ?? []) socket.resetAndDestroy()
  }

  #take(socket: Socket): void {
    const watched = this.#watched.get(keyOf(socket.localAddress ?? "", socket.localPort ?? 0))
    if (watched === undefined) return
    watched.sockets.add(socket)
    socket.once("close", () => watched.sockets.delete(socket))
    if (watched.isFrozen) hold(socket)
  }
}
