/**
 * The access log: which requests it tells of (all, or a share drawn at random), and one line of JSON for each when it has
 * ended; an upgraded connection's when it begins. Where the lines go is `LogWriter`'s.
 */
import { type AccessEntry, lineOf } from "./AccessEntry.ts"
import type { LogWriter } from "./LogWriter.ts"

export class AccessLog {
  readonly writer: LogWriter
  private readonly rate: number

  /** `rate`: the share of requests that is logged, above 0 and up to 1. */
  constructor(rate: number, writer: LogWriter) {
    this.rate = rate
    this.writer = writer
  }

  /** Whether the next request is logged; `random` in [0, 1). */
  wants(random: () => number): boolean {
    return this.rate >= 1 || random() < this.rate
  }

  write(entry: AccessEntry): void {
    this.writer.write(lineOf(entry))
  }
}
