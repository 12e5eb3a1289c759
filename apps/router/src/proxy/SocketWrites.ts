/** A head and the bytes that follow it in one system call. */
import type { Socket } from "node:net"

/** Where a head and a short body are put together: up to here copying is cheaper than a vectored write. */
let scratch = Buffer.allocUnsafeSlow(32_768)

/** Writes a request's head and what is kept of its body. Returns false when the caller should wait for `drain`. */
export const writeRequest = (socket: Socket, head: string, pieces: ReadonlyArray<Buffer>): boolean => {
  if (pieces.length <= 1) return writeWithHead(socket, head, pieces[0] ?? null)
  socket.cork()
  let more = socket.write(head, "latin1")
  for (const piece of pieces) more = socket.write(piece)
  socket.uncork()
  return more
}

/** Writes `head` and then `body`. Returns what `Socket.write` returns: false when the caller should wait for `drain`. */
export const writeWithHead = (socket: Socket, head: string, body: Buffer | null): boolean => {
  if (body === null || body.length === 0) return socket.write(head, "latin1")
  const length = head.length + body.length
  if (length <= scratch.length) {
    scratch.write(head, 0, "latin1")
    body.copy(scratch, head.length)
    const more = socket.write(scratch.subarray(0, length))
    // Not all was taken at once: the socket still reads from it.
    if (socket.writableLength > 0) scratch = Buffer.allocUnsafeSlow(scratch.length)
    return more
  }
  socket.cork()
  socket.write(head, "latin1")
  const more = socket.write(body)
  socket.uncork()
  return more
}
