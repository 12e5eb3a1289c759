/**
 * Where a message's body ends (RFC 9112 §6.3): the strict reading of Content-Length and Transfer-Encoding, shared by
 * requests and responses.
 */
import { equalsIgnoringCase } from "./FieldKind.ts"
import { HTAB, SP } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"

/** `untilClose` occurs in responses only; `tunnel` is what follows a 101. */
export const BodyFraming = { none: 0, length: 1, chunked: 2, untilClose: 3, tunnel: 4 } as const
export type BodyFraming = (typeof BodyFraming)[keyof typeof BodyFraming]

/**
 * The number that `bytes` from `start` to `end` write in decimal, -1 unless it is 1*DIGIT and exactly representable.
 * `42, 42` is refused although RFC 9110 §8.6 lets a recipient collapse it.
 */
export const parseContentLength = (bytes: Buffer, start: number, end: number): number => {
  if (start === end || end - start > 20) return -1
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1
}

/**
 * Null if the value is exactly `chunked`; 501 for further codings before a final `chunked`; else 400. A tab behind the value,
 * which the grammar allows, is refused: some parsers take it for a part of the coding's name.
 */
export const checkTransferEncoding = (bytes: Buffer, start: number, end: number): Rejection | null => {
  let after = end
  while (bytes[after] === SP) after++
  if (bytes[after] === HTAB) return rejections.transferEncoding
  if (equalsIgnoringCase(bytes, start, end, "chunked")) return null
  const codings = bytes
    .toString("latin1", start, end)
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
  const finalOnly = codings.at(-1) === "chunked" && !codings.slice(0, -1).includes("chunked") && !codings.includes("")
  return finalOnly ? rejections.transferCodingUnknown : rejections.transferEncoding
}
