/** Buffers are reused only when nobody needs what lies in them. */
import { describe, expect, it } from "vitest"
import { ReadBuffer, ReadBuffers, Reading } from "../../src/proxy/ReadBuffers.ts"

describe("a connection's read buffer", () => {
  it("is the same from read to read", () => {
    const reads = new ReadBuffer(new ReadBuffers())
    const first = reads.next(Reading.head)
    reads.read(100)
    reads.used(false)
    expect(reads.next(Reading.head)).toBe(first)
  })

  it("gives the bytes that were read, and no more", () => {
    const reads = new ReadBuffer(new ReadBuffers())
    reads.next(Reading.head).write("hello")
    expect(reads.read(5).toString("latin1", 0, 5)).toBe("hello")
  })

  it("is another while the bytes are still being written, and not even the pool gives it out again", () => {
    const pool = new ReadBuffers()
    const reads = new ReadBuffer(pool)
    const first = reads.next(Reading.head)
    reads.read(100)
    reads.used(true)
    const second = reads.next(Reading.head)
    expect(second).not.toBe(first)
    expect([pool.take(first.length), pool.take(first.length)]).not.toContain(first)
  })

  it("grows when a body fills it, and goes back when the body has ended", () => {
    const pool = new ReadBuffers()
    const reads = new ReadBuffer(pool)
    const small = reads.next(Reading.head)
    reads.read(small.length)
    reads.used(false)
    const large = reads.next(Reading.body)
    expect(large.length).toBeGreaterThan(small.length)
    reads.read(10)
    reads.used(false)
    expect(reads.next(Reading.body)).toBe(large)
    reads.read(10)
    reads.used(false)
    expect(reads.next(Reading.head).length).toBe(small.length)
    expect(pool.take(large.length)).toBe(large)
  })

  it("is tiny for a tunnel", () => {
    const reads = new ReadBuffer(new ReadBuffers())
    const small = reads.next(Reading.head)
    reads.read(10)
    reads.used(false)
    expect(reads.next(Reading.tunnel).length).toBeLessThan(small.length / 4)
  })

  it("is free for others when the connection ends, unless somebody still needs it", () => {
    const pool = new ReadBuffers()
    const one = new ReadBuffer(pool)
    const free = one.next(Reading.head)
    one.end()
    expect(pool.take(free.length)).toBe(free)

    const other = new ReadBuffer(pool)
    const held = other.next(Reading.head)
    other.read(10)
    // The connection ends by what it brought.
    other.end()
    other.used(true)
    expect(pool.take(held.length)).not.toBe(held)
  })
})
