/**
 * Faults of the API itself, per node: events that are lost, answers that come late, answers that are errors. The Swarm behind
 * it does not notice. Decides when a request is hit; who holds it up and refuses it is the endpoint.
 */
import { SeededRandom } from "../swarm/SeededRandom.ts"

/** Without `node` it holds for every node. `node` is an id. */
export type ApiFault =
  /** While on, events are neither sent nor remembered, as when an engine's watch has broken. */
  | { readonly _tag: "drop-events"; readonly node?: string; readonly on: boolean }
  /** Every answer comes so much later, in simulated time; 0 ends it. */
  | { readonly _tag: "api-latency"; readonly node?: string; readonly millis: number }
  /** So many of the requests, 0 to 1, are answered with this status; 0 ends it. */
  | { readonly _tag: "api-errors"; readonly node?: string; readonly rate: number; readonly status: number }

interface NodeFaults {
  readonly dropsEvents: boolean
  readonly latencyMillis: number
  readonly errorRate: number
  readonly errorStatus: number
}

const none: NodeFaults = { dropsEvents: false, latencyMillis: 0, errorRate: 0, errorStatus: 500 }

export class ApiFaults {
  readonly #random: SeededRandom
  readonly #byNode = new Map<string, NodeFaults>()
  #everywhere: NodeFaults = none

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  of(nodeId: string): NodeFaults {
    return this.#byNode.get(nodeId) ?? this.#everywhere
  }

  apply(fault: ApiFault): void {
    if (fault.node === undefined) {
      this.#everywhere = changed(this.#everywhere, fault)
      for (const [nodeId, faults] of this.#byNode) this.#byNode.set(nodeId, changed(faults, fault))
    } else this.#byNode.set(fault.node, changed(this.of(fault.node), fault))
  }

  /** The status that this request is to be answered with instead; null where it is spared. */
  errorFor(nodeId: string): number | null {
    const { errorRate, errorStatus } = this.of(nodeId)
    if (errorRate <= 0) return null
    return this.#random.between(0, 1) < errorRate ? errorStatus : null
  }
}

const changed = (faults: NodeFaults, fault: ApiFault): NodeFaults => {
  switch (fault._tag) {
    case "drop-events":
      return { ...faults, dropsEvents: fault.on }
    case "api-latency":
      return { ...faults, latencyMillis: fault.millis }
    case "api-errors":
      return { ...faults, errorRate: fault.rate, errorStatus: fault.status }
  }
}
