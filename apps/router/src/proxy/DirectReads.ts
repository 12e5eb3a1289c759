/**
 * Hands what a client's socket reads straight to its reader. A stream would first ask, after each piece and in a tick of its own,
 * whether it should read on; for small requests that is the larger part of reading. While the socket is paused, or keeps
 * something from then, pieces go the stream's own way, so that `pause`, `resume`, `readableLength` and `end` stay what they are.
 *
 * It rests on `net.Socket` giving what it read to its own `push`. Should it not, every piece comes as the event `data`.
 */
import type { Socket } from "node:net"

/** Calls `onBytes` for every piece, in order. The piece is the reader's to keep. */
export const readDirectly = (socket: Socket, onBytes: (bytes: Buffer) => void): void => {
  const push = socket.push.bind(socket)
  socket.push = (piece: unknown, encoding?: BufferEncoding): boolean => {
    if (!Buffer.isBuffer(piece) || socket.isPaused() || socket.readableLength > 0) return push(piece, encoding)
    onBytes(piece)
    return true
  }
  socket.on("data", onBytes)
}

/** Below this the collector is cheaper. */
const worthFreeing = 16_384

/**
 * Gives the memory of a piece back at once. Each piece that Node reads is up to 64 KiB of its own, and the collector leaves tens
 * of MiB of them lying before it looks. Nobody may hold the piece any more; a part of something larger stays as it is.
 */
export const freeNow = (piece: Buffer): void => {
  const { buffer } = piece
  if (piece.length < worthFreeing || piece.length !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return
  buffer.transfer(0)
}
