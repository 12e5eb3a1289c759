/** What a drill runs on: the port that the embedded Swarm and the lab implement. */
import * as Schema from "effect/Schema"
import type * as Effect from "effect/Effect"
import type { Images } from "./ServiceSpec.ts"
import type { Sample } from "./TaskHistory.ts"

/** Represents a target that could not be set up or could not be made to fail as the drill asks. */
export class TargetFailed extends Schema.TaggedError<TargetFailed>()("TargetFailed", {
  what: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `cannot ${this.what}: ${this.reason}`
  }
}

export interface TargetNode {
  readonly name: string
  readonly socketPath: string
  readonly isManager: boolean
}

/** What the rebalancers tell operators, all instances together. */
export interface Told {
  readonly isHeld: boolean
  readonly undone: number
}

export interface Target {
  /** Seconds of the Swarm in one of this machine. */
  readonly speed: number
  readonly nodes: ReadonlyArray<TargetNode>
  readonly images: Images
  /** Returns when it is done, not when Swarm has noticed. */
  readonly fault: (fault: "crash" | "black-hole" | "restore", node: string) => Effect.Effect<void, TargetFailed>
  /** Makes a node that `joinsLater` a member. */
  readonly join: (node: string) => Effect.Effect<void, TargetFailed>
  /** SIGKILL to the rebalancer of this node; it is started again as Swarm would. */
  readonly killRebalancer: (node: string) => Effect.Effect<void, TargetFailed>
  readonly setImage: (node: string, isThere: boolean) => Effect.Effect<void, TargetFailed>
  readonly told: Effect.Effect<Told>
  /** The samples since the last call, oldest first: of every commit, or of this moment. */
  readonly samples: Effect.Effect<ReadonlyArray<Sample>, TargetFailed>
}
