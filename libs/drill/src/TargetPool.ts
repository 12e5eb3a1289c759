/**
 * The routers that load is sent to: which are active, which are dead and when they were, and the connections to each. Requests
 * go round all active targets. Knows nothing of what is sent.
 */
import * as http from "node:http"

/** A time at which a target was dead; `to` is Infinity while it is. */
interface DeadSpan {
  readonly from: number
  to: number
}

export class Target {
  readonly url: string
  readonly host: string
  readonly port: number
  #agent: http.Agent
  readonly #idleMs: number
  readonly #dead: Array<DeadSpan> = []

  constructor(url: string, idleMs: number) {
    const parsed = new URL(url)
    this.url = url
    this.host = parsed.hostname
    this.port = parsed.port === "" ? 80 : Number(parsed.port)
    this.#idleMs = idleMs
    this.#agent = this.#freshAgent()
  }

  get agent(): http.Agent {
    return this.#agent
  }

  get isDead(): boolean {
    return this.#dead.at(-1)?.to === Infinity
  }

  /** Whether it was dead at some time from `fromMs` to `toMs`. */
  wasDeadDuring(fromMs: number, toMs: number): boolean {
    return this.#dead.some(({ from, to }) => from <= toMs && to >= fromMs)
  }

  setDead(dead: boolean, nowMs: number): void {
    if (dead === this.isDead) return
    const last = this.#dead.at(-1)
    if (dead) this.#dead.push({ from: nowMs, to: Infinity })
    else if (last !== undefined) last.to = nowMs
  }

  /** Cuts every connection, requests under way included; the next request opens a new one. */
  cut(): void {
    const old = this.#agent
    this.#agent = this.#freshAgent()
    old.destroy()
  }

  #freshAgent(): http.Agent {
    return new http.Agent({ keepAlive: true, maxFreeSockets: 1024, timeout: this.#idleMs })
  }
}

export class TargetPool {
  readonly #known = new Map<string, Target>()
  readonly #idleMs: number
  #active: ReadonlyArray<Target> = []
  #turn = 0

  constructor(active: ReadonlyArray<string>, idleMs: number) {
    this.#idleMs = idleMs
    this.set(active, [], 0)
  }

  /** All targets that have ever been named. */
  get all(): ReadonlyArray<Target> {
    return [...this.#known.values()]
  }

  /** The active target whose turn it is; undefined where there is none. */
  next(): Target | undefined {
    return this.#active[this.#turn++ % this.#active.length]
  }

  /**
   * New load goes to `active` only. Targets in `dead` are dead from now until named otherwise; returns those that just died.
   * A target in neither list gets no new load, and what is under way may finish.
   */
  set(active: ReadonlyArray<string>, dead: ReadonlyArray<string>, nowMs: number): ReadonlyArray<Target> {
    const died = dead.map((url) => this.#target(url)).filter((target) => !target.isDead)
    for (const target of this.#known.values()) target.setDead(dead.includes(target.url), nowMs)
    this.#active = active.filter((url) => !dead.includes(url)).map((url) => this.#target(url))
    return died
  }

  #target(url: string): Target {
    const known = this.#known.get(url)
    if (known !== undefined) return known
    const target = new Target(url, this.#idleMs)
    this.#known.set(url, target)
    return target
  }
}
