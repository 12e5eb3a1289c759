/** A small seeded generator (xorshift128, Marsaglia 2003), so that equal seeds give equal runs. Not for secrets. */

/** 25 characters of base 36, as Swarm's ids. */
const idLength = 25
const digits = "0123456789abcdefghijklmnopqrstuvwxyz"

export class SeededRandom {
  readonly #state: Uint32Array<ArrayBuffer>

  constructor(seed: number) {
    // Splits the seed by the finaliser of splitmix32, so that near seeds give unlike sequences.
    let word = seed >>> 0
    this.#state = Uint32Array.from({ length: 4 }, () => {
      word = (word + 0x9e3779b9) >>> 0
      let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return (mixed ^ (mixed >>> 15)) >>> 0 || 1
    })
  }

  /** 32 random bits. */
  next(): number {
    const state = this.#state
    const [first = 0, second = 0, third = 0, fourth = 0] = state
    const mixed = first ^ (first << 11)
    state[0] = second
    state[1] = third
    state[2] = fourth
    state[3] = fourth ^ (fourth >>> 19) ^ mixed ^ (mixed >>> 8)
    return state[3] ?? 0
  }

  /** An integer of [0, count). */
  int(count: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * count)
  }

  /** A number of [from, to). */
  between(from: number, to: number): number {
    return from + (this.next() / 0x1_0000_0000) * (to - from)
  }

  id(): string {
    let text = ""
    while (text.length < idLength) {
      let word = this.next()
      for (let i = 0; i < 5 && text.length < idLength; i++) {
        text += digits[word % 36] ?? "0"
        word = Math.floor(word / 36)
      }
    }
    return text
  }

  /** `length` hexadecimal digits, as container ids. */
  hex(length: number): string {
    let text = ""
    while (text.length < length) text += this.next().toString(16).padStart(8, "0")
    return text.slice(0, length)
  }

  /** An independent generator whose sequence follows from this one's present state. */
  fork(): SeededRandom {
    return new SeededRandom(this.next())
  }
}
