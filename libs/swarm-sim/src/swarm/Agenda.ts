/**
 * What is due when: a heap of actions by time and, at one time, by the order in which they were entered. Knows no clock: time is
 * what it was last advanced to.
 */

interface Entry {
  readonly dueMillis: number
  readonly sequence: number
  action: (() => void) | null
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.dueMillis < b.dueMillis || (a.dueMillis === b.dueMillis && a.sequence < b.sequence)

export class Agenda {
  readonly #heap: Array<Entry> = []
  #nowMillis: number
  #sequence = 0

  constructor(startMillis: number) {
    this.#nowMillis = startMillis
  }

  get nowMillis(): number {
    return this.#nowMillis
  }

  /** Enters an action; a delay below 0 counts as 0. Answers how to cancel it. */
  schedule(delayMillis: number, action: () => void): () => void {
    const entry: Entry = {
      dueMillis: this.#nowMillis + Math.max(0, delayMillis),
      sequence: this.#sequence++,
      action
    }
    this.#push(entry)
    return () => {
      entry.action = null
    }
  }

  /** When the next action is due; null when there is none. */
  nextDueMillis(): number | null {
    this.#dropCancelled()
    return this.#heap[0]?.dueMillis ?? null
  }

  /** Runs everything that is due up to this time, what those actions enter included. Time never goes back. */
  advanceTo(millis: number): void {
    for (;;) {
      this.#dropCancelled()
      const [first] = this.#heap
      if (first === undefined || first.dueMillis > millis) break
      this.#pop()
      if (first.dueMillis > this.#nowMillis) this.#nowMillis = first.dueMillis
      first.action?.()
    }
    if (millis > this.#nowMillis) this.#nowMillis = millis
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.action === null) this.#pop()
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = heap[up]
      if (parent === undefined || !isBefore(entry, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const leftEntry = heap[left]
      if (leftEntry === undefined) break
      const rightEntry = heap[left + 1]
      const [child, entry] =
        rightEntry !== undefined && isBefore(rightEntry, leftEntry) ? [left + 1, rightEntry] : [left, leftEntry]
      if (!isBefore(entry, last)) break
      heap[at] = entry
      at = child
    }
    heap[at] = last
  }
}
