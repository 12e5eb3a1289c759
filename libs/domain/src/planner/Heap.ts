/** A binary heap: the least of what was put in comes out first. */
export class Heap<A> {
  readonly #compare: (a: A, b: A) => number
  readonly #items: Array<A> = []

  constructor(compare: (a: A, b: A) => number) {
    this.#compare = compare
  }

  push(item: A): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent]
      if (above === undefined || this.#compare(above, item) <= 0) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  /** Undefined when it is empty. */
  pop(): A | undefined {
    const items = this.#items
    const [first] = items
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const [left, right] = [items[child], items[child + 1]]
      let least = left
      if (left !== undefined && right !== undefined && this.#compare(right, left) < 0) {
        least = right
        child++
      }
      if (least === undefined || this.#compare(least, last) >= 0) break
      items[at] = least
      at = child
    }
    items[at] = last
    return first
  }
}
