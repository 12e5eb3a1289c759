/**
 * The events of one node's engine: the last 256 for those who ask `since`, and live ones (moby `daemon/events/events.go`). A
 * node that drops events forgets them too; one that is cut off gets them when it is back. Workers have none of the Swarm's.
 */
import type { NodeCondition, SwarmEvent, SwarmPort } from "../swarm/SwarmPort.ts"

const remembered = 256

export interface EventFeedOptions {
  /** Events come in the middle of a step of the simulation: this must be the Swarm itself, not a port that moves it. */
  readonly swarm: Pick<SwarmPort, "subscribe" | "recentEvents" | "isManager">
  readonly nodeId: string
  readonly condition: () => NodeCondition
  readonly drops: () => boolean
}

export class EventFeed {
  readonly #options: EventFeedOptions
  readonly #listeners = new Set<(event: SwarmEvent) => void>()
  readonly #unsubscribe: () => void
  #ring: Array<SwarmEvent>
  #waiting: Array<SwarmEvent> = []

  constructor(options: EventFeedOptions) {
    this.#options = options
    this.#ring = [...options.swarm.recentEvents()]
    this.#unsubscribe = options.swarm.subscribe((event) => this.#take(event))
  }

  /** The remembered ones, oldest first. */
  recent(): ReadonlyArray<SwarmEvent> {
    return this.#ring
  }

  listen(listener: (event: SwarmEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Hands on what happened while the node was cut off. */
  catchUp(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const event of waiting) this.#publish(event)
  }

  close(): void {
    this.#unsubscribe()
    this.#listeners.clear()
  }

  #take(event: SwarmEvent): void {
    const { condition, drops, nodeId, swarm } = this.#options
    if (drops() || !swarm.isManager(nodeId)) return
    const now = condition()
    if (now === "crashed") {
      // A restarted engine begins with an empty memory.
      this.#ring = []
      this.#waiting = []
      return
    }
    if (now === "black-holed") {
      this.#waiting = [...this.#waiting.slice(1 - remembered), event]
      return
    }
    if (this.#waiting.length > 0) this.catchUp()
    this.#publish(event)
  }

  #publish(event: SwarmEvent): void {
    this.#ring.push(event)
    if (this.#ring.length > remembered) this.#ring.shift()
    for (const listener of this.#listeners) listener(event)
  }
}
