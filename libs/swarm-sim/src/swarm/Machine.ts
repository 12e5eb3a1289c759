/**
 * What every part of the simulation works with: the agenda, the store, chance, and the timings of SwarmKit and the engine. A
 * `Scope` bundles what lives as long as one manager leads; nothing it entered happens after it is closed.
 */
import type { Agenda } from "./Agenda.ts"
import type { Choices } from "./Choices.ts"
import type { Change, Store } from "./Store.ts"
import type { SeededRandom } from "./SeededRandom.ts"

/** Milliseconds. */
export interface Timings {
  /** From a commit until orchestrators and allocator act on it: a raft write and a goroutine's turn. */
  readonly reaction: number
  /** swarmkit `manager/scheduler/scheduler.go:Run`. */
  readonly schedulerDebounce: number
  readonly schedulerMaxLatency: number
  /** Assignments to agents and statuses from them (swarmkit `manager/dispatcher/dispatcher.go`). */
  readonly dispatcherBatch: number
  /** swarmkit `manager/orchestrator/taskreaper/task_reaper.go`. */
  readonly reaperBatch: number
  /** How long a new task waits for the old one to stop (swarmkit `manager/orchestrator/restart/restart.go`). */
  readonly oldTaskTimeout: number
  /** How long a node is down until its tasks count as orphaned (swarmkit `defaultNodeDownPeriod`). */
  readonly nodeDownPeriod: number
  /** From a task's unbinding to its stop signal (moby `executor/container/controller.go`). */
  readonly gossipConverge: number
  /** From the loss of a leader to the next one, least and most. */
  readonly election: readonly [least: number, most: number]
  /** From a node's return to its agent's new session, least and most: its agent backs off, and a dial may have to time out first. */
  readonly reconnect: readonly [least: number, most: number]
  /** From the start of an engine to its agent's session. */
  readonly engineStart: number
}

export const defaultTimings: Timings = {
  reaction: 5,
  schedulerDebounce: 50,
  schedulerMaxLatency: 1000,
  dispatcherBatch: 100,
  reaperBatch: 250,
  oldTaskTimeout: 60_000,
  nodeDownPeriod: 24 * 3_600_000,
  gossipConverge: 2000,
  election: [1000, 5000],
  reconnect: [1000, 15_000],
  engineStart: 3000
}

export interface Machine {
  readonly agenda: Agenda
  readonly store: Store
  readonly random: SeededRandom
  readonly choices: Choices
  readonly timings: Timings
  /** Enters what a runtime has to tell, to happen at the present, and wakes whoever advances time. */
  readonly enter: (action: () => void) => void
}

export class Scope {
  readonly #agenda: Agenda
  readonly #finalizers: Array<() => void> = []
  #isClosed = false

  constructor(agenda: Agenda) {
    this.#agenda = agenda
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  schedule(delayMillis: number, action: () => void): () => void {
    return this.#agenda.schedule(delayMillis, () => {
      if (!this.#isClosed) action()
    })
  }

  watch(store: Store, watcher: (changes: ReadonlyArray<Change>) => void): void {
    this.#finalizers.push(store.watch(watcher))
  }

  close(): void {
    this.#isClosed = true
    for (const finalizer of this.#finalizers) finalizer()
  }
}

/** An action that is asked for many times and done once, some time after the first of them. */
export class Wake {
  readonly #scope: Scope
  readonly #delayMillis: number
  readonly #action: () => void
  #isPending = false

  constructor(scope: Scope, delayMillis: number, action: () => void) {
    this.#scope = scope
    this.#delayMillis = delayMillis
    this.#action = action
  }

  request(): void {
    if (this.#isPending) return
    this.#isPending = true
    this.#scope.schedule(this.#delayMillis, () => {
      this.#isPending = false
      this.#action()
    })
  }
}
