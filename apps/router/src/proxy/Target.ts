/**
 * What a route leads to: the ready endpoints of its services together, the requests that wait for one, and what is counted.
 * Lives as long as its name does, across table changes.
 */
import type { Endpoint } from "./Endpoint.ts"
import { HoldQueue } from "./HoldQueue.ts"
import { TargetStats } from "./ProxyStats.ts"
import { RetryBudget } from "./RetryPolicy.ts"

export class Target {
  readonly name: string
  readonly stats = new TargetStats()
  readonly queue = new HoldQueue()
  readonly budget = new RetryBudget()
  holdMillis = 0
  serviceIds: ReadonlyArray<string> = []
  serviceNames: ReadonlyArray<string> = []
  /** Endpoints whose service is to be spoken to in a scheme that this router does not speak. */
  unspeakable = false
  ready: ReadonlyArray<Endpoint> = []
  /** Those of `ready` on the router's own node. */
  local: ReadonlyArray<Endpoint> = []
  /** `ready` and the draining ones. */
  all: ReadonlyArray<Endpoint> = []
  /** Where the next scan starts, so that ties go round. */
  rotation = 0
  /** Of the current stretch of holding. */
  heldInStretch = 0
  longestInStretchMs = 0

  constructor(name: string) {
    this.name = name
  }
}
