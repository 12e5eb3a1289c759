/** How large a head may be, and the one way in which heads too large or spoilt are told from those still incomplete. */
import { CR, LF } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"

export interface HeadLimits {
  /** Bytes of the request line; RFC 9112 §3 asks for at least 8000. */
  readonly maxLineBytes: number
  /** Bytes from the first line to the blank line. */
  readonly maxHeadBytes: number
  readonly maxFields: number
  /** Empty lines tolerated before a request line (RFC 9112 §2.2). */
  readonly maxLeadingEmptyLines: number
}

export const defaultHeadLimits: HeadLimits = {
  maxLineBytes: 8_192,
  maxHeadBytes: 32_768,
  maxFields: 128,
  maxLeadingEmptyLines: 4
}

/** Whether an LF without its CR lies in `bytes` from `start` to `end`; such a head would never be seen to end. */
const hasBareLf = (bytes: Buffer, start: number, end: number): boolean => {
  for (let at = bytes.indexOf(LF, start); at !== -1 && at < end; at = bytes.indexOf(LF, at + 1))
    if (at === start || bytes[at - 1] !== CR) return true
  return false
}

/**
 * What is wrong with the size or line ends of a head that begins at `start`, of which the bytes up to `end` are here; null
 * if nothing is wrong yet. Looks at the first `maxHeadBytes` only, so that the verdict does not depend on how the bytes
 * were split on their way.
 */
const checkHeadExtent = (bytes: Buffer, start: number, end: number, limits: HeadLimits): Rejection | null => {
  const bound = Math.min(end, start + limits.maxHeadBytes)
  if (hasBareLf(bytes, start, bound)) return rejections.bareLineEnd
  if (end - start <= limits.maxHeadBytes) return null
  const lineEnd = bytes.indexOf("\r\n", start)
  return lineEnd === -1 || lineEnd - start > limits.maxLineBytes ? rejections.targetTooLong : rejections.headTooLarge
}

/**
 * Why the head that begins at `start` cannot be read; null while more bytes may still make it one. `problem`: what is wrong with
 * its lines, should it have ended. A head with a lone LF is refused for that, whatever else is wrong with it: split, it is refused
 * before it is read.
 */
export const whyUnread = (
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
  problem: Rejection
): Rejection | null => {
  const headEnd = endOfHead(bytes, start, end)
  return checkHeadExtent(bytes, start, headEnd ?? end, limits) ?? (headEnd === null ? null : problem)
}

const endOfHead = (bytes: Buffer, start: number, end: number): number | null => {
  const blank = bytes.indexOf("\r\n\r\n", start)
  return blank === -1 || blank + 4 > end ? null : blank + 4
}

/** Up to here reading the lines of a head that may be incomplete costs less than looking for its end first. */
const shortBytes = 2_048

/** Whether it is known, without reading it, that the head goes on beyond `end`: one that comes byte by byte stays cheap. */
export const isPartOnly = (bytes: Buffer, start: number, end: number): boolean =>
  end - start > shortBytes && endOfHead(bytes, start, end) === null
