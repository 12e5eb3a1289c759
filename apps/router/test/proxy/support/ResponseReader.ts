/** Reads responses from a connection's bytes as a strict client does. It shares no code with what it is to check. */

export interface Read {
  readonly status: number
  readonly head: string
  readonly body: Buffer
  /** Where the next response begins. */
  readonly end: number
}

/** What is wrong with the bytes of a response. */
export class Unreadable extends Error {}

const chunksOf = (bytes: Buffer, start: number): { readonly body: Buffer; readonly end: number } | null => {
  const parts: Array<Buffer> = []
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf("\r\n", at)
    if (lineEnd === -1) return null
    const line = bytes.toString("latin1", at, lineEnd)
    const size = /^([0-9a-fA-F]{1,8})(;.*)?$/.exec(line)?.[1]
    if (size === undefined) throw new Unreadable(`chunk size ${JSON.stringify(line)}`)
    const length = Number.parseInt(size, 16)
    at = lineEnd + 2
    if (length === 0) {
      if (bytes.length >= at + 2 && bytes.toString("latin1", at, at + 2) === "\r\n")
        return { body: Buffer.concat(parts), end: at + 2 }
      const end = bytes.indexOf("\r\n\r\n", at)
      return end === -1 ? null : { body: Buffer.concat(parts), end: end + 4 }
    }
    if (bytes.length < at + length + 2) return null
    parts.push(bytes.subarray(at, at + length))
    if (bytes.toString("latin1", at + length, at + length + 2) !== "\r\n") throw new Unreadable("a chunk has no end")
    at += length + 2
  }
}

/**
 * The final response to a request with `method` that begins at `at`, 1xx before it passed over; null as long as it is incomplete.
 * `ended`: nothing more will come.
 */
export const readResponse = (bytes: Buffer, at: number, method: string, ended: boolean): Read | null => {
  for (;;) {
    const headEnd = bytes.indexOf("\r\n\r\n", at)
    if (headEnd === -1) return null
    const head = bytes.toString("latin1", at, headEnd + 2)
    const status = Number(/^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n/.exec(head)?.[1] ?? NaN)
    if (Number.isNaN(status)) throw new Unreadable(`status line in ${JSON.stringify(head.slice(0, 80))}`)
    const start = headEnd + 4
    if (status < 200) {
      at = start
      continue
    }
    if (method === "HEAD" || status === 204 || status === 304)
      return { status, head, body: Buffer.alloc(0), end: start }
    if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) {
      const chunks = chunksOf(bytes, start)
      return chunks === null ? null : { status, head, ...chunks }
    }
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1]
    if (length === undefined) return ended ? { status, head, body: bytes.subarray(start), end: bytes.length } : null
    const end = start + Number(length)
    return bytes.length < end ? null : { status, head, body: bytes.subarray(start, end), end }
  }
}
