/** A head and the bytes that follow it in one system call. */
import type { Socket } from "node:net"

/** Up to here copying is cheaper than a vectored write. */
const copyUpTo = 16_384

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
  if (body.length <= copyUpTo) {
    const joined = Buffer.allocUnsafe(head.length + body.length)
    joined.write(head, 0, "latin1")
    body.copy(joined, head.length)
    return socket.write(joined)
  }
  socket.cork()
  socket.write(head, "latin1")
  const more = socket.write(body)
  socket.uncork()
  return more
}
