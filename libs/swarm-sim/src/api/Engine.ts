/** What the routes of one node's endpoint know: the Swarm, whose endpoint it is, which engine it passes for, faults, timers. */
import type { EngineJson, NodeCondition, SwarmPort } from "../swarm/SwarmPort.ts"
import type { ApiFaults } from "./ApiFaults.ts"
import type { EngineIdentity } from "./EngineIdentity.ts"
import { noLeader, notAManager } from "./EngineRefusal.ts"
import type { EventFeed } from "./EventFeed.ts"

/** Calls an action after so much simulated time; answers how to cancel that. */
export type Schedule = (delayMillis: number, action: () => void) => () => void

export interface Engine {
  readonly swarm: SwarmPort
  /** The node whose engine this is. */
  readonly nodeId: string
  /** Whether it answers: `crashed` while its engine restarts, too. */
  readonly condition: () => NodeCondition
  readonly identity: EngineIdentity
  readonly events: EventFeed
  readonly faults: ApiFaults
  readonly schedule: Schedule
}

/** The node itself; undefined once it has been removed from the Swarm. */
export const ownNode = ({ nodeId, swarm }: Engine): EngineJson | undefined => swarm.get("node", nodeId)

/** The Swarm of a manager that can be asked. Throws EngineRefusal as a worker, or a manager without a leader, answers. */
export const managed = ({ nodeId, swarm }: Engine): SwarmPort => {
  if (!swarm.isManager(nodeId)) throw notAManager()
  if (swarm.leader() === null || !swarm.isReachable(nodeId)) throw noLeader()
  return swarm
}
