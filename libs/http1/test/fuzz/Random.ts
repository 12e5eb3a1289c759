/** Numbers that look random and are the same for the same seed, so that a case found can be made again. */

export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** In [0, 1). The generator is mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  /** Happens once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  pick<A>(of: readonly [A, ...Array<A>]): A {
    return of[this.below(of.length)] ?? of[0]
  }
}
