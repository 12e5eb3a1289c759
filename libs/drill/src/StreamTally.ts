/** Counts of the streams of one kind within one phase. */
import type { StreamEnd } from "./StreamRun.ts"

export interface StreamReport {
  /** Streams open when the phase began, by the node of their task. */
  readonly openAtStart: Readonly<Record<string, number>>
  /** Streams opened, those included that were opened anew. */
  readonly opened: number
  /** Ended as planned. */
  readonly completed: number
  /** Ended by a task that stops and says so. */
  readonly endedByServer: number
  /** Cut or silent, on connections to living targets. */
  readonly broken: number
  /** The broken ones by the node of their task. */
  readonly brokenByNode: Readonly<Record<string, number>>
  /** Cut, silent or refused on connections to a dead target. */
  readonly onDeadNode: number
  /** Attempts to open that failed, on living targets. */
  readonly refused: number
  /** Events and echoes as expected. */
  readonly messages: number
  /** Events and echoes that were not. */
  readonly wrong: number
  /**
   * The longest time from noticing that a stream was gone, or from the first vain attempt to open it, until it was open again;
   * of those still gone, until now.
   */
  readonly longestAwayMs: number
  /** Streams gone and not open again when the report was made. */
  readonly stillAway: number
}

export class StreamTally {
  readonly #openAtStart: Readonly<Record<string, number>>
  readonly #brokenByNode: Record<string, number> = {}
  readonly #ends: Record<StreamEnd, number> = { completed: 0, "ended-by-server": 0, broken: 0, refused: 0 }
  #opened = 0
  #onDeadNode = 0
  #messages = 0
  #wrong = 0
  #longestAwayMs = 0

  constructor(openAtStart: Readonly<Record<string, number>>) {
    this.#openAtStart = openAtStart
  }

  /** `awayMs`: how long the stream was gone, if it is opened anew after a loss. */
  opened(awayMs: number | undefined): void {
    this.#opened++
    if (awayMs !== undefined && awayMs > this.#longestAwayMs) this.#longestAwayMs = awayMs
  }

  message(): void {
    this.#messages++
  }

  wrong(): void {
    this.#wrong++
  }

  ended(how: StreamEnd, node: string, targetDied: boolean): void {
    if (targetDied && (how === "broken" || how === "refused")) {
      this.#onDeadNode++
      return
    }
    this.#ends[how]++
    if (how === "broken") this.#brokenByNode[node] = (this.#brokenByNode[node] ?? 0) + 1
  }

  /** `away`: for how long each stream that is gone now has been gone. */
  report(away: ReadonlyArray<number>): StreamReport {
    return {
      openAtStart: this.#openAtStart,
      opened: this.#opened,
      completed: this.#ends.completed,
      endedByServer: this.#ends["ended-by-server"],
      broken: this.#ends.broken,
      brokenByNode: { ...this.#brokenByNode },
      onDeadNode: this.#onDeadNode,
      refused: this.#ends.refused,
      messages: this.#messages,
      wrong: this.#wrong,
      longestAwayMs: Math.round(Math.max(this.#longestAwayMs, ...away)),
      stillAway: away.length
    }
  }
}
