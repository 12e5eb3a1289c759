/**
 * Holds one stream of the load open for ever: opens it, and whenever it ends opens it anew on the target whose turn it is.
 * Measures how long a stream that did not end as planned was away.
 */
import type { StreamTraffic } from "./LoadPlan.ts"
import { type EndStream, openStream } from "./StreamRun.ts"
import type { StreamTally } from "./StreamTally.ts"
import type { TargetPool } from "./TargetPool.ts"

/** Pause after a refusal, so that a target that refuses is not stormed. */
const refusalPauseMs = 100

export interface StreamFailure {
  readonly traffic: StreamTraffic
  readonly target: string
  readonly node: string
  readonly how: "broken" | "refused"
  readonly detail: string
  readonly targetDied: boolean
}

export interface StreamKeeperOptions {
  readonly traffic: StreamTraffic
  readonly pool: TargetPool
  readonly silenceMs: number
  readonly now: () => number
  /** The tally of the phase that is under way. */
  readonly tally: () => StreamTally
  readonly failed: (failure: StreamFailure) => void
}

export class StreamKeeper {
  readonly #options: StreamKeeperOptions
  #endStream: EndStream | undefined
  #pause: NodeJS.Timeout | undefined
  #stopped = false
  #awaySince: number | undefined
  #node: string | undefined

  constructor(options: StreamKeeperOptions) {
    this.#options = options
  }

  get traffic(): StreamTraffic {
    return this.#options.traffic
  }

  /** The node of the task the stream is open to; undefined while it is not open. */
  get node(): string | undefined {
    return this.#node
  }

  /** When it was last lost without being open again since; undefined where it is open or was never lost. */
  get awaySince(): number | undefined {
    return this.#awaySince
  }

  open(): void {
    if (this.#stopped) return
    const { failed, now, pool, silenceMs, tally, traffic } = this.#options
    const target = pool.next()
    if (target === undefined) {
      this.#awaySince ??= now()
      this.#pause = setTimeout(() => this.open(), refusalPauseMs)
      return
    }
    const startedAt = now()
    this.#endStream = openStream(traffic, target, silenceMs, {
      opened: (node) => {
        this.#node = node
        const awayMs = this.#awaySince === undefined ? undefined : now() - this.#awaySince
        this.#awaySince = undefined
        tally().opened(awayMs)
      },
      message: () => tally().message(),
      wrong: () => tally().wrong(),
      ended: (how, detail) => {
        const node = this.#node ?? ""
        this.#node = undefined
        this.#endStream = undefined
        if (this.#stopped) return
        const targetDied = target.wasDeadDuring(startedAt, now())
        tally().ended(how, node, targetDied)
        // A vain attempt to open counts from its beginning: hanging is being away.
        if (how !== "completed") this.#awaySince ??= how === "refused" ? startedAt : now()
        if (how === "broken" || how === "refused") {
          failed({ traffic, target: target.url, node, how, detail, targetDied })
        }
        if (how === "refused") this.#pause = setTimeout(() => this.open(), refusalPauseMs)
        else setImmediate(() => this.open())
      }
    })
  }

  /** Ends the stream for good. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#pause)
    this.#endStream?.()
  }
}
