/**
 * The field lines of one head, found in one strict pass and kept as offsets into it, so that runs of lines can be passed on as
 * they came. Arrays and bytes are reused from head to head: read them before the next `scan`, and before the bytes change.
 */
import { equalsIgnoringCase, FieldKind, fieldKind } from "./FieldKind.ts"
import { CR, fieldValueOctets, HTAB, LF, SP, tokenOctets } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"

/** `scan` came to the end of the bytes before the end of the head. */
export const ranOut = 0
/** `scan` found a line that is none: `problem` says why. */
export const malformed = -1

const colon = 58
const noBytes: Buffer = Buffer.alloc(0)

export class FieldLines {
  count = 0
  /** Where line i begins, from the head's first byte; it ends, CR LF included, where line i + 1 begins, the last at `end`. */
  readonly lineStart: Int32Array
  readonly nameEnd: Int32Array
  /** The value without surrounding whitespace. */
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  readonly kind: Uint8Array
  end = 0
  problem: Rejection | null = null
  readonly maxFields: number
  private bytes = noBytes
  private start = 0
  private decoded: string | null = null

  constructor(maxFields: number) {
    this.maxFields = maxFields
    this.lineStart = new Int32Array(maxFields + 1)
    this.nameEnd = new Int32Array(maxFields)
    this.valueStart = new Int32Array(maxFields)
    this.valueEnd = new Int32Array(maxFields)
    this.kind = new Uint8Array(maxFields)
  }

  /**
   * Reads the lines of the head that begins at `start` of `bytes`, from `at` to the empty line. Bytes from `bound` on are not
   * looked at. Returns the offset in `bytes` after the empty line, `ranOut`, or `malformed`.
   */
  scan(bytes: Buffer, start: number, at: number, bound: number): number {
    this.bytes = bytes
    this.start = start
    this.decoded = null
    this.count = 0
    let count = 0
    let from = at
    for (;;) {
      if (from + 1 >= bound) return ranOut
      if (bytes[from] === CR && bytes[from + 1] === LF) break
      if (count === this.maxFields) return this.refuse(rejections.tooManyFields)
      let i = from
      while (i < bound && tokenOctets[bytes[i] ?? 0] === 1) i++
      if (i >= bound) return ranOut
      let c = bytes[i]
      if (i === from && (c === SP || c === HTAB)) return this.refuse(rejections.obsFold)
      if (i === from) return this.refuse(c === CR || c === LF ? rejections.bareLineEnd : rejections.fieldName)
      if (c !== colon) return this.refuse(c === SP || c === HTAB ? rejections.spaceBeforeColon : rejections.fieldName)
      const nameEnd = i++
      while (i < bound && (bytes[i] === SP || bytes[i] === HTAB)) i++
      const valueStart = i
      while (i < bound && fieldValueOctets[bytes[i] ?? 0] === 1) i++
      if (i + 1 >= bound) return ranOut
      c = bytes[i]
      if (c !== CR || bytes[i + 1] !== LF)
        return this.refuse(c === CR || c === LF ? rejections.bareLineEnd : rejections.control)
      let valueEnd = i
      while (valueEnd > valueStart) {
        const last = bytes[valueEnd - 1]
        if (last !== SP && last !== HTAB) break
        valueEnd--
      }
      this.lineStart[count] = from - start
      this.nameEnd[count] = nameEnd - start
      this.valueStart[count] = valueStart - start
      this.valueEnd[count] = valueEnd - start
      this.kind[count] = fieldKind(bytes, from, nameEnd)
      count++
      from = i + 2
    }
    this.end = from - start
    this.lineStart[count] = this.end
    this.count = count
    return from + 2
  }

  private refuse(problem: Rejection): typeof malformed {
    this.problem = problem
    return malformed
  }

  /** The head up to the empty line, as Latin-1. */
  get text(): string {
    return (this.decoded ??= this.bytes.toString("latin1", this.start, this.start + this.end))
  }

  name(i: number): string {
    return this.textBetween(this.lineStart[i] ?? 0, this.nameEnd[i] ?? 0)
  }

  value(i: number): string {
    return this.textBetween(this.valueStart[i] ?? 0, this.valueEnd[i] ?? 0)
  }

  /** Part of the head; without decoding all of it. */
  textBetween(from: number, to: number): string {
    const { decoded, start } = this
    return decoded === null ? this.bytes.toString("latin1", start + from, start + to) : decoded.slice(from, to)
  }

  /** Whether line i is a field called `name` (lower case). */
  isCalled(i: number, name: string): boolean {
    const { start } = this
    return equalsIgnoringCase(this.bytes, start + (this.lineStart[i] ?? 0), start + (this.nameEnd[i] ?? 0), name)
  }

  /** The value of the first field of this kind, or undefined. */
  first(kind: FieldKind): string | undefined {
    for (let i = 0; i < this.count; i++) if (this.kind[i] === kind) return this.value(i)
    return undefined
  }
}
