/** What the `Connection` fields of one message say (RFC 9110 §7.6.1). Reused from message to message. */
import { equalsIgnoringCase } from "./FieldKind.ts"
import { HTAB, SP } from "./Octets.ts"

const comma = 44

export class ConnectionOptions {
  close = false
  keepAlive = false
  upgrade = false
  /** Further names, lower case: fields to drop before passing the message on. Null when there are none. */
  names: Array<string> | null = null

  reset(): void {
    this.close = false
    this.keepAlive = false
    this.upgrade = false
    this.names = null
  }

  /** Adds the comma-separated options of one field's value. Empty elements are allowed (RFC 9110 §5.6.1.2). */
  add(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      let from = at
      while (at < end && bytes[at] !== comma) at++
      let to = at++
      while (from < to && isSpace(bytes[from])) from++
      while (to > from && isSpace(bytes[to - 1])) to--
      if (from === to) continue
      if (equalsIgnoringCase(bytes, from, to, "close")) this.close = true
      else if (equalsIgnoringCase(bytes, from, to, "keep-alive")) this.keepAlive = true
      else if (equalsIgnoringCase(bytes, from, to, "upgrade")) this.upgrade = true
      else (this.names ??= []).push(bytes.toString("latin1", from, to).toLowerCase())
    }
  }
}

const isSpace = (c: number | undefined): boolean => c === SP || c === HTAB
