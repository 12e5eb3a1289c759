/**
 * Writes lines in batches: one write when 64 KiB have gathered, or when it is told that 100 ms are over, and never two at once.
 * It owns a file descriptor, standard output's or that of a file, which `reopen` opens anew under its name. Nothing that goes
 * wrong reaches the requests: lines that a slow or broken sink does not take are dropped and counted.
 */
import * as fs from "node:fs"

const batchBytes = 65_536
/** What may wait for a slow sink; what comes on top is dropped. */
const maxWaiting = 8 << 20
const stdout = 1
/** Before a pipe that nobody reads is tried again. */
const retryMs = 20
const closeWithinMs = 1_000
/** What a pipe takes as a whole (PIPE_BUF of Linux). Files opened for appending take every write so. */
const pipeAtomicBytes = 4_096
const newline = 10

export interface LogWriterOptions {
  /** Null: standard output. */
  readonly path: string | null
  /** Other processes write to the same place: no line may be cut by theirs. Default: no. */
  readonly shared?: boolean
  /** The first error after a success; those that follow are not told. */
  readonly onError: (error: NodeJS.ErrnoException) => void
}

export class LogWriter {
  /** Lines lost to errors or to a sink that was too slow. */
  dropped = 0
  private readonly options: LogWriterOptions
  private descriptor: number
  private readonly wholeBytes: number
  private waiting = ""
  private lines = 0
  private inFlight: Buffer | null = null
  private inFlightLines = 0
  private hasFailed = false
  private onIdle: (() => void) | null = null

  /** Throws the system's error where the file cannot be opened. */
  constructor(options: LogWriterOptions) {
    this.options = options
    this.descriptor = options.path === null ? stdout : fs.openSync(options.path, "a", 0o640)
    this.wholeBytes = options.shared === true && fs.fstatSync(this.descriptor).isFIFO() ? pipeAtomicBytes : Infinity
  }

  /** `line` with its line feed. */
  write(line: string): void {
    if (this.waiting.length + line.length > maxWaiting) {
      this.dropped++
      return
    }
    this.waiting += line
    this.lines++
    if (this.waiting.length >= batchBytes) this.flush()
  }

  /** Writes what has gathered, unless a write is under way: then it follows that. */
  flush(): void {
    if (this.inFlight !== null || this.lines === 0) return
    const bytes = Buffer.from(this.waiting)
    this.inFlightLines = this.lines
    this.waiting = ""
    this.lines = 0
    this.send(bytes)
  }

  /** Opens the file anew under its name, for whoever has renamed it. Without a file it does nothing. */
  reopen(): void {
    if (this.options.path === null) return
    try {
      const before = this.descriptor
      this.descriptor = fs.openSync(this.options.path, "a", 0o640)
      // A write that is under way goes to the old file and must not find it closed.
      if (this.inFlight === null) fs.closeSync(before)
      else this.afterWrite(() => fs.closeSync(before))
    } catch (error) {
      this.report(error as NodeJS.ErrnoException)
    }
  }

  /** Writes what is left, and resolves when it is written or lost; a sink that takes nothing is waited for a second. */
  async close(): Promise<void> {
    const deadline = new Promise<"late">((resolve) => setTimeout(() => resolve("late"), closeWithinMs).unref())
    this.flush()
    while (this.inFlight !== null) {
      const written = new Promise<void>((resolve) => this.afterWrite(resolve))
      if ((await Promise.race([written, deadline])) === "late") return
      this.flush()
    }
    if (this.options.path !== null) fs.closeSync(this.descriptor)
  }

  private afterWrite(then: () => void): void {
    const before = this.onIdle
    this.onIdle = () => {
      before?.()
      then()
    }
  }

  private send(bytes: Buffer): void {
    this.inFlight = bytes
    const { descriptor } = this
    fs.write(descriptor, bytes, 0, this.wholeLines(bytes), null, (error, written) => {
      if (error?.code === "EAGAIN") return void setTimeout(() => this.send(bytes), retryMs).unref()
      if (error === null && written < bytes.length) return this.send(bytes.subarray(written))
      if (error !== null) {
        this.dropped += this.inFlightLines
        this.report(error)
      } else this.hasFailed = false
      this.inFlight = null
      const { onIdle } = this
      this.onIdle = null
      onIdle?.()
      if (this.waiting.length >= batchBytes) this.flush()
    })
  }

  /** How many of `bytes` to write at once. */
  private wholeLines(bytes: Buffer): number {
    if (bytes.length <= this.wholeBytes) return bytes.length
    const last = bytes.lastIndexOf(newline, this.wholeBytes - 1)
    return (last === -1 ? bytes.indexOf(newline) : last) + 1 || bytes.length
  }

  private report(error: NodeJS.ErrnoException): void {
    if (!this.hasFailed) this.options.onError(error)
    this.hasFailed = true
  }
}
