/** Bytes of a client that are not used yet: part of a head, or requests that wait for their turn. Keeps them in order. */

/** Beyond this the connection is no longer read. */
const maxPending = 65_536

export class PendingBytes {
  private bytes: Buffer | null = null

  get isFull(): boolean {
    return this.bytes !== null && this.bytes.length > maxPending
  }

  add(bytes: Buffer): void {
    this.bytes = this.before(bytes)
  }

  /** All that was kept and `bytes` after it; nothing is kept any more. */
  before(bytes: Buffer): Buffer {
    if (this.bytes === null) return bytes
    const all = Buffer.concat([this.bytes, bytes])
    this.bytes = null
    return all
  }

  /** All that was kept; nothing is kept any more. */
  take(): Buffer | null {
    const { bytes } = this
    this.bytes = null
    return bytes
  }
}
