/**
 * What Go says of text that is no JSON (`encoding/json`, `scanner.go`): the engine's clients see these words. Reads the text up
 * to the first thing that is wrong; makes no values.
 */

class Wrong extends Error {}

/** `'x'`, with Go's quoting. */
const quoted = (character: string): string => {
  if (character === "'") return String.raw`'\''`
  if (character === '"') return `'"'`
  return `'${JSON.stringify(character).slice(1, -1)}'`
}

class Scanner {
  readonly #text: string
  readonly #end: string
  #at = 0

  /** `end`: what is said when the text is over too early. */
  constructor(text: string, end: string) {
    this.#text = text
    this.#end = end
  }

  value(): void {
    const character = this.#next()
    if (character === "{") return this.#object()
    if (character === "[") return this.#array()
    if (character === '"') return this.#string()
    if (character === "t") return this.#literal("true")
    if (character === "f") return this.#literal("false")
    if (character === "n") return this.#literal("null")
    if (character === "-" || isDigit(character)) return this.#number(character)
    this.#refuse(character, "looking for beginning of value")
  }

  /** Refuses anything but blanks. */
  rest(): void {
    this.#blanks()
    if (this.#at < this.#text.length) this.#refuse(this.#text[this.#at] ?? "", "after top-level value")
  }

  #object(): void {
    if (this.#peek() === "}") return this.#skip()
    for (;;) {
      const key = this.#next()
      if (key !== '"') this.#refuse(key, "looking for beginning of object key string")
      this.#string()
      const colon = this.#next()
      if (colon !== ":") this.#refuse(colon, "after object key")
      this.value()
      const after = this.#next()
      if (after === "}") return
      if (after !== ",") this.#refuse(after, "after object key:value pair")
    }
  }

  #array(): void {
    if (this.#peek() === "]") return this.#skip()
    for (;;) {
      this.value()
      const after = this.#next()
      if (after === "]") return
      if (after !== ",") this.#refuse(after, "after array element")
    }
  }

  #string(): void {
    for (;;) {
      const character = this.#take()
      if (character === '"') return
      if (character < " ") this.#refuse(character, "in string literal")
      if (character !== "\\") continue
      const escape = this.#take()
      if (escape === "u") this.#hexadecimal()
      else if (!'"\\/bfnrt'.includes(escape)) this.#refuse(escape, "in string escape code")
    }
  }

  #hexadecimal(): void {
    for (let count = 0; count < 4; count++) {
      const digit = this.#take()
      if (!/[0-9a-fA-F]/.test(digit)) this.#refuse(digit, String.raw`in \u hexadecimal character escape`)
    }
  }

  #literal(word: string): void {
    for (const expected of word.slice(1)) {
      const character = this.#take()
      if (character !== expected) this.#refuse(character, `in literal ${word} (expecting ${quoted(expected)})`)
    }
  }

  #number(first: string): void {
    const digit = first === "-" ? this.#take() : first
    if (!isDigit(digit)) this.#refuse(digit, "in numeric literal")
    if (digit !== "0") this.#digits()
    if (this.#text[this.#at] === ".") {
      this.#skip()
      this.#requireDigit("after decimal point in numeric literal")
    }
    if (/[eE]/.test(this.#text[this.#at] ?? "")) {
      this.#skip()
      if (/[+-]/.test(this.#text[this.#at] ?? "")) this.#skip()
      this.#requireDigit("in exponent of numeric literal")
    }
  }

  #requireDigit(where: string): void {
    const digit = this.#take()
    if (!isDigit(digit)) this.#refuse(digit, where)
    this.#digits()
  }

  #digits(): void {
    while (isDigit(this.#text[this.#at] ?? "")) this.#at++
  }

  #blanks(): void {
    while (/[ \t\r\n]/.test(this.#text[this.#at] ?? "")) this.#at++
  }

  #peek(): string | undefined {
    this.#blanks()
    return this.#text[this.#at]
  }

  #skip(): void {
    this.#at++
  }

  #next(): string {
    this.#blanks()
    return this.#take()
  }

  #take(): string {
    const character = this.#text[this.#at++]
    if (character === undefined) throw new Wrong(this.#end)
    return character
  }

  #refuse(character: string, where: string): never {
    throw new Wrong(`invalid character ${quoted(character)} ${where}`)
  }
}

const isDigit = (character: string): boolean => character >= "0" && character <= "9" && character.length === 1

const reasonOf = (read: () => void): string => {
  try {
    read()
  } catch (error) {
    if (error instanceof Wrong) return error.message
    throw error
  }
  return ""
}

/** Of a request's body, which may go on after its value (`json.Decoder`); empty where nothing is wrong. */
export const bodyError = (text: string): string => reasonOf(() => new Scanner(text, "unexpected EOF").value())

/** Of a text that is to be one value (`json.Unmarshal`); empty where nothing is wrong. */
export const textError = (text: string): string =>
  reasonOf(() => {
    const scanner = new Scanner(text, "unexpected end of JSON input")
    scanner.value()
    scanner.rest()
  })

/** How Go names the kind of a value. */
export const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return "array"
  if (typeof value === "boolean") return "bool"
  if (typeof value === "string" || typeof value === "number") return typeof value
  return typeof value === "object" && value !== null && !("rawJSON" in value) ? "object" : "number"
}
