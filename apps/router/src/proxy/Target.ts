/**
 * What a route leads to: the ready endpoints of its services together, the requests that wait for one, and what is counted.
 * Lives as long as its name does, across table changes.
 */
import { defaultPolicy, type Policy } from "../balancing/Policy.ts"
import type { Pool, Share } from "../balancing/Pool.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { FirstByteTimes } from "./FirstByteTimes.ts"
import { HoldQueue } from "./HoldQueue.ts"
import { TargetStats } from "./ProxyStats.ts"
import { RetryBudget } from "./RetryPolicy.ts"

export class Target implements Pool {
  readonly name: string
  readonly stats = new TargetStats()
  readonly queue = new HoldQueue()
  readonly budget = new RetryBudget()
  /** Requests that have not ended, those that wait included. */
  inFlight = 0
  holdMillis = 0
  /** From the head of a request to the end of its response; 0: no bound. */
  totalMillis = 0
  /** Kept once a request has to know how long others took; null before. */
  firstBytes: FirstByteTimes | null = null
  serviceIds: ReadonlyArray<string> = []
  serviceNames: ReadonlyArray<string> = []
  policy: Policy = defaultPolicy
  /** Services that share it by weight; null where all endpoints are one pool. */
  shares: ReadonlyArray<Share> | null = null
  /** Without those of a service whose share is 0. */
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
