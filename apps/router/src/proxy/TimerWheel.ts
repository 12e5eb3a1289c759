/**
 * All time-outs of the data plane on one coarse clock. Moving a deadline further away, as every request does several times,
 * writes one field: an entry whose slot comes up too early is put into a later one then. Deadlines are kept to a tick.
 */

export interface TimedEntry {
  /** In the wheel's milliseconds; Infinity for none. Only the wheel writes it. */
  deadline: number
  /** The tick in whose slot the entry lies, -1 for none. Only the wheel writes it. */
  wheelTick: number
  onDeadline(now: number): void
}

const slotCount = 1_024

export class TimerWheel {
  /** The time of the last tick: good enough for deadlines, not for measuring. */
  coarseNow: number
  private readonly now: () => number
  private readonly tickMs: number
  private readonly slots: Array<Array<TimedEntry>> = Array.from({ length: slotCount }, () => [])
  private readonly everyTick: (now: number) => void
  private currentTick: number
  private tickedAt: number
  private yielded = false
  private timer: NodeJS.Timeout | null = null

  constructor(now: () => number, tickMs: number, everyTick: (now: number) => void) {
    this.now = now
    this.tickMs = tickMs
    this.everyTick = everyTick
    this.coarseNow = now()
    this.tickedAt = this.coarseNow
    this.currentTick = Math.floor(this.coarseNow / tickMs)
  }

  start(): void {
    this.timer ??= setInterval(() => this.advance(), this.tickMs)
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer)
    this.timer = null
  }

  /** Reads the clock anew, for a deadline that matters to less than a tick. */
  refresh(): void {
    this.coarseNow = this.now()
  }

  /** Calls `entry.onDeadline` once `delayMs` from now, unless it is scheduled anew or cancelled before. */
  schedule(entry: TimedEntry, delayMs: number): void {
    const deadline = this.coarseNow + delayMs
    // It lies in a slot that comes up before, and will be moved on then: true of nearly every call.
    if (entry.wheelTick > this.currentTick && entry.wheelTick * this.tickMs <= deadline) entry.deadline = deadline
    else this.place(entry, deadline)
  }

  cancel(entry: TimedEntry): void {
    entry.deadline = Infinity
  }

  private place(entry: TimedEntry, deadline: number): void {
    entry.deadline = deadline
    const wanted = Math.ceil(deadline / this.tickMs)
    const tick = Math.min(Math.max(wanted, this.currentTick + 1), this.currentTick + slotCount - 1)
    if (entry.wheelTick > this.currentTick && entry.wheelTick <= tick) return
    entry.wheelTick = tick
    this.slots[tick % slotCount]?.push(entry)
  }

  /** Brings the wheel to the present; called by its own timer. */
  advance(): void {
    const now = this.now()
    this.coarseNow = now
    // When the process itself was held up, what the others sent meanwhile waits to be read: that goes first.
    this.yielded = !this.yielded && now - this.tickedAt > this.tickMs * 3
    this.tickedAt = now
    if (this.yielded) return
    const target = Math.floor(now / this.tickMs)
    while (this.currentTick < target) {
      const tick = ++this.currentTick
      const slot = this.slots[tick % slotCount]
      if (slot === undefined || slot.length === 0) continue
      this.slots[tick % slotCount] = []
      for (const entry of slot) {
        // Rescheduled to an earlier slot meanwhile: this is a leftover.
        if (entry.wheelTick !== tick) continue
        entry.wheelTick = -1
        if (entry.deadline <= now) {
          entry.deadline = Infinity
          entry.onDeadline(now)
        } else if (entry.deadline !== Infinity) this.place(entry, entry.deadline)
      }
    }
    this.everyTick(now)
  }
}
