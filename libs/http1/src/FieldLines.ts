/**
 * The field lines of one head, found in one strict pass and kept as offsets into its text, so that runs of lines can be
 * passed on as they came. The arrays are reused from head to head: read them before the next `scan`.
 */
import { FieldKind, fieldKind } from "./FieldKind.ts"
import { CR, fieldValueOctets, HTAB, LF, SP, tokenOctets } from "./Octets.ts"
import { type Rejection, rejections } from "./Rejection.ts"

export class FieldLines {
  text = ""
  count = 0
  /** Where line i begins; it ends, CR LF included, where line i + 1 begins, the last one at `end`. */
  readonly lineStart: Int32Array
  readonly nameEnd: Int32Array
  /** The value without surrounding whitespace. */
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  readonly kind: Uint8Array
  end = 0
  readonly maxFields: number

  constructor(maxFields: number) {
    this.maxFields = maxFields
    this.lineStart = new Int32Array(maxFields + 1)
    this.nameEnd = new Int32Array(maxFields)
    this.valueStart = new Int32Array(maxFields)
    this.valueEnd = new Int32Array(maxFields)
    this.kind = new Uint8Array(maxFields)
  }

  /** Reads the lines of `text` from `at` to its end, where the last line's CR LF is the last thing. */
  scan(text: string, at: number): Rejection | null {
    this.text = text
    this.count = 0
    const end = text.length
    let count = 0
    while (at < end) {
      if (count === this.maxFields) return rejections.tooManyFields
      let i = at
      let c = text.charCodeAt(i)
      while (tokenOctets[c] === 1) c = text.charCodeAt(++i)
      if (i === at && (c === SP || c === HTAB)) return rejections.obsFold
      if (i === at) return c === CR || c === LF ? rejections.bareLineEnd : rejections.fieldName
      if (c !== 58) return c === SP || c === HTAB ? rejections.spaceBeforeColon : rejections.fieldName
      const nameEnd = i
      c = text.charCodeAt(++i)
      while (c === SP || c === HTAB) c = text.charCodeAt(++i)
      const valueStart = i
      while (fieldValueOctets[c] === 1) c = text.charCodeAt(++i)
      if (c !== CR || text.charCodeAt(i + 1) !== LF)
        return c === CR || c === LF ? rejections.bareLineEnd : rejections.control
      let valueEnd = i
      while (valueEnd > valueStart) {
        const last = text.charCodeAt(valueEnd - 1)
        if (last !== SP && last !== HTAB) break
        valueEnd--
      }
      this.lineStart[count] = at
      this.nameEnd[count] = nameEnd
      this.valueStart[count] = valueStart
      this.valueEnd[count] = valueEnd
      this.kind[count] = fieldKind(text, at, nameEnd)
      count++
      at = i + 2
    }
    this.lineStart[count] = at
    this.end = at
    this.count = count
    return null
  }

  name(i: number): string {
    return this.text.slice(this.lineStart[i], this.nameEnd[i])
  }

  value(i: number): string {
    return this.text.slice(this.valueStart[i], this.valueEnd[i])
  }

  /** The value of the first field of this kind, or undefined. */
  first(kind: FieldKind): string | undefined {
    for (let i = 0; i < this.count; i++) if (this.kind[i] === kind) return this.value(i)
    return undefined
  }
}
