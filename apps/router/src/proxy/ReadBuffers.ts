/**
 * The buffers that connections to endpoints read into, reused from read to read: allocating one for each costs more than the
 * read. A connection has one at a time: small for heads and short bodies, large while a long body streams, tiny for a tunnel,
 * of which thousands may be idle.
 *
 * What was read is often still being written to the client when the next read begins. Then the buffer is not reused but left
 * to whoever holds it, and the connection reads into another.
 */

const sizes = { tiny: 1_024, small: 16_384, large: 65_536 } as const

/** Buffers of one size that wait for their next use. */
const keptBytesOfEachSize = 16 << 20

/** Buffers that are free, for all connections. */
export class ReadBuffers {
  private readonly free = new Map<number, Array<Buffer>>()

  take(size: number): Buffer {
    return this.free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size)
  }

  /** Nobody may hold a part of `buffer`. */
  give(buffer: Buffer): void {
    const list = this.free.get(buffer.length)
    if (list === undefined) this.free.set(buffer.length, [buffer])
    else if ((list.length + 1) * buffer.length <= keptBytesOfEachSize) list.push(buffer)
  }
}

/** What a connection reads next. */
export const Reading = { head: 0, body: 1, tunnel: 2 } as const
export type Reading = (typeof Reading)[keyof typeof Reading]

/** The buffer of one connection, for `onread` of `net.connect`. */
export class ReadBuffer {
  private readonly pool: ReadBuffers
  private current: Buffer | null = null
  /** Whether the last read filled it, and whether what that brought is still needed. */
  private filled = false
  private held = false
  /** What was read is being used right now. */
  private inUse = false
  private ended = false

  constructor(pool: ReadBuffers) {
    this.pool = pool
  }

  /** What the read that has just ended has filled up to `length`; it is to be used up before `used`. */
  read(length: number): Buffer {
    const buffer = this.current ?? Buffer.alloc(0)
    this.inUse = true
    this.filled = length === buffer.length
    return buffer
  }

  /** `held`: somebody may still read from them. */
  used(held: boolean): void {
    this.inUse = false
    this.held = held
    if (this.ended) this.giveBack()
  }

  /** What to read into next. Asked for once the connection stands, and after every read. */
  next(reading: Reading): Buffer {
    const last = this.current
    const size = this.sizeFor(reading)
    if (last !== null && !this.held && last.length === size) return last
    if (this.ended) return last ?? Buffer.alloc(size)
    if (last !== null && !this.held) this.pool.give(last)
    this.held = false
    this.current = this.pool.take(size)
    return this.current
  }

  private sizeFor(reading: Reading): number {
    if (this.filled && reading !== Reading.head) return sizes.large
    if (reading === Reading.tunnel) return sizes.tiny
    // Between two requests, a buffer that was large goes back.
    return this.current === null || reading === Reading.head ? sizes.small : this.current.length
  }

  /** The connection is gone. */
  end(): void {
    this.ended = true
    if (!this.inUse) this.giveBack()
  }

  private giveBack(): void {
    if (this.current !== null && !this.held) this.pool.give(this.current)
    this.current = null
  }
}

/** `bytes` from `from` to `to`, without making a view of all. */
export const part = (bytes: Buffer, from: number, to: number): Buffer =>
  from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)
