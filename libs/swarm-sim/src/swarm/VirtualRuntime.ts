/**
 * A runtime in which nothing runs: containers are states and delays, drawn from a seeded generator. Commands that say how they
 * end are understood (`true`, `false`, `exit N`, `sleep N`), images that are said to be missing are refused, and health checks
 * succeed until they are told not to.
 */
import { listAt, textAt } from "./Json.ts"
import type { SeededRandom } from "./SeededRandom.ts"
import type { MakeRuntime, RuntimeContext, TaskHandle, TaskRuntime, TaskSignals, TaskStart } from "./TaskRuntime.ts"

/** How one container behaves. Milliseconds. */
export interface Behaviour {
  /** Pulling the image and making the container. */
  readonly prepareMillis: number
  readonly startMillis: number
  /** From the stop signal to the end of the process. */
  readonly stopMillis: number
  readonly isImageMissing: boolean
  /** When it ends by itself, and how; null when it runs until it is stopped. */
  readonly exit: { readonly afterMillis: number; readonly code: number } | null
}

export interface VirtualOptions {
  readonly behaviour?: (start: TaskStart, random: SeededRandom) => Partial<Behaviour>
}

/** Times of a small image that is there already, on an idle machine, with some spread. */
const usual = (start: TaskStart, random: SeededRandom): Behaviour => ({
  prepareMillis: random.between(200, 450),
  startMillis: random.between(350, 700),
  stopMillis: random.between(50, 300),
  isImageMissing: false,
  exit: exitOf([...listAt(start.spec, "ContainerSpec", "Command"), ...listAt(start.spec, "ContainerSpec", "Args")])
})

/** What a command line says of its own end: `sh -c "sleep 2; exit 1"` ends after two seconds with 1. */
const exitOf = (words: ReadonlyArray<unknown>): Behaviour["exit"] => {
  const line = words.filter((word) => typeof word === "string").join(" ")
  const slept = [...line.matchAll(/\bsleep (\d+(?:\.\d+)?)\b/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0)
  const exit = /\bexit (\d+)\b/.exec(line)
  const last = line.split(/[;\s"']+/).findLast((word) => word !== "")
  const code = exit !== null ? Number(exit[1]) : last === "false" ? 1 : last === "true" || slept > 0 ? 0 : null
  return code === null ? null : { afterMillis: slept * 1000, code }
}

const killedCode = 137

const noTimers: ReadonlyArray<() => void> = []

/** Keeps as little as it can of what it was started with: there are 100,000 of them. */
class VirtualContainer implements TaskHandle {
  readonly #context: RuntimeContext
  readonly #healthCheck: TaskStart["healthCheck"]
  readonly #signals: TaskSignals
  readonly #behaviour: Behaviour
  readonly #extraMillis: number
  #timers = noTimers
  #isHealthy = true
  #isProbing = false
  #hasBeenUnhealthy = false
  #failedProbes = 0
  #isStopped = false
  #startedAtMillis: number | null = null

  constructor(
    context: RuntimeContext,
    start: TaskStart,
    signals: TaskSignals,
    behaviour: Behaviour,
    extraMillis: number
  ) {
    this.#context = context
    this.#healthCheck = start.healthCheck
    this.#signals = signals
    this.#behaviour = behaviour
    this.#extraMillis = extraMillis
    const { spec } = start
    this.#after(behaviour.prepareMillis, () =>
      behaviour.isImageMissing
        ? signals.rejected(`No such image: ${textAt(spec, "ContainerSpec", "Image")}`)
        : signals.prepared()
    )
  }

  start(): void {
    this.#after(this.#behaviour.startMillis + this.#extraMillis, () => {
      this.#startedAtMillis = this.#context.nowMillis()
      this.#signals.started()
      const { exit } = this.#behaviour
      if (exit !== null) this.#after(exit.afterMillis, () => this.#end(exit.code))
      this.#probeLater()
    })
  }

  stop(graceMillis: number): void {
    if (this.#isStopped) return
    this.#cancelTimers()
    const { stopMillis } = this.#behaviour
    const code = stopMillis > graceMillis || this.#hasBeenUnhealthy ? killedCode : 0
    this.#after(Math.min(stopMillis, graceMillis), () => this.#end(code))
  }

  kill(): void {
    this.#isStopped = true
    this.#cancelTimers()
  }

  freeze(): void {}

  thaw(): void {}

  setHealthy(healthy: boolean): void {
    this.#isHealthy = healthy
    this.#failedProbes = 0
    if (!healthy && this.#startedAtMillis !== null) this.#probeLater()
  }

  /** A healthy container is not probed again until it is made unhealthy: nothing would come of it. */
  #probeLater(): void {
    const check = this.#healthCheck
    if (check === null || this.#isProbing) return
    this.#isProbing = true
    this.#after(check.intervalMillis, () => {
      this.#isProbing = false
      this.#probe(check)
    })
  }

  #probe(check: NonNullable<TaskStart["healthCheck"]>): void {
    if (this.#isHealthy) return this.#signals.healthy()
    const running = this.#context.nowMillis() - (this.#startedAtMillis ?? 0)
    if (running > check.startPeriodMillis) this.#failedProbes++
    if (this.#failedProbes < check.retries) return this.#probeLater()
    this.#hasBeenUnhealthy = true
    this.#signals.unhealthy()
  }

  #end(code: number): void {
    this.#isStopped = true
    this.#cancelTimers()
    this.#signals.exited(code)
  }

  #after(delayMillis: number, action: () => void): void {
    const cancel = this.#context.schedule(delayMillis, () => {
      this.#timers = this.#timers.length === 1 ? noTimers : this.#timers.filter((timer) => timer !== cancel)
      action()
    })
    this.#timers = [...this.#timers, cancel]
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel()
    this.#timers = noTimers
  }
}

export const virtual =
  ({ behaviour = () => ({}) }: VirtualOptions = {}): MakeRuntime =>
  (context): TaskRuntime => ({
    prepare: (start, signals, extraMillis) => {
      const own = { ...usual(start, context.random), ...behaviour(start, context.random) }
      return new VirtualContainer(context, start, signals, own, extraMillis)
    }
  })
