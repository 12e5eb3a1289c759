/** Endpoints among which one is chosen: all of a target, or those of one service that has a share in it. */
import type { Endpoint } from "../proxy/Endpoint.ts"

export interface Pool {
  /** Those that Swarm wants to run; which of them admit requests is asked of each. */
  readonly ready: ReadonlyArray<Endpoint>
  /** Those of `ready` on the router's own node. */
  readonly local: ReadonlyArray<Endpoint>
  /** Where the next scan starts, so that ties go round. */
  rotation: number
}

/** A service's part in a target that is split by weight. */
export class Share implements Pool {
  readonly service: string
  /** Above 0. */
  readonly weight: number
  readonly ready: ReadonlyArray<Endpoint>
  readonly local: ReadonlyArray<Endpoint>
  rotation = 0

  constructor(service: string, weight: number, ready: ReadonlyArray<Endpoint>) {
    this.service = service
    this.weight = weight
    this.ready = ready
    this.local = ready.filter((endpoint) => endpoint.local)
  }
}
