/** A small seeded generator (xorshift128, Marsaglia 2003), so that equal seeds give equal runs. Not for secrets. */

/** 25 characters of base 36, as Swarm's ids. */
const idLength = 25
const digits = [..."0123456789abcdefghijklmnopqrstuvwxyz"].map((digit) => digit.charCodeAt(0))

/** One flat string. Put together by `+` it would keep its pieces, for each of 100,000 tasks. */
const textOf = (codes: ReadonlyArray<number>): string => String.fromCharCode(...codes)

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
    const codes: Array<number> = []
    while (codes.length < idLength) {
      let word = this.next()
      for (let i = 0; i < 5 && codes.length < idLength; i++) {
        codes.push(digits[word % 36] ?? 0)
        word = Math.floor(word / 36)
      }
    }
    return textOf(codes)
  }

  /** `length` hexadecimal digits, as container ids. */
  hex(length: number): string {
    const codes: Array<number> = []
    while (codes.length < length) {
      const word = this.next()
      for (let shift = 28; shift >= 0 && codes.length < length; shift -= 4)
        codes.push(digits[(word >>> shift) & 15] ?? 0)
    }
    return textOf(codes)
  }

  /** An independent generator whose sequence follows from this one's present state. */
  fork(): SeededRandom {
    return new SeededRandom(this.next())
  }
}
