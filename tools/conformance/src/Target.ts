/** What a scenario runs on: the lab's real Swarm or an embedded one. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { at, type EngineObject, textAt } from "./EngineValue.ts"
import type { NodeFault } from "./Scenario.ts"
import type { NodeShape } from "./Trace.ts"

/** The target itself did not do what it was asked, which says nothing about Swarm. */
export class TargetFailed extends Schema.TaggedError<TargetFailed>()("TargetFailed", {
  target: Schema.String,
  operation: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.target}: ${this.operation} failed: ${this.reason}`
  }
}

/** Everything that a manager lists, at one moment. */
export interface Observation {
  /** Milliseconds on the target's own clock. */
  readonly atMillis: number
  /** Hostname of the manager that leads; null while no manager can be asked, and then nothing is listed. */
  readonly leader: string | null
  readonly nodes: ReadonlyArray<EngineObject>
  readonly services: ReadonlyArray<EngineObject>
  readonly tasks: ReadonlyArray<EngineObject>
}

/** Who leads, by what a manager lists. */
export const leaderOf = (nodes: ReadonlyArray<EngineObject>): string | null => {
  const leader = nodes.find((node) => at(node, "ManagerStatus", "Leader") === true)
  return leader === undefined ? null : textAt(leader, "Description", "Hostname")
}

export interface EngineRequest {
  /** Hostname of the node whose engine is asked. */
  readonly node: string
  readonly method: string
  readonly path: string
  readonly body?: string
}

export interface EngineAnswer {
  readonly status: number
  readonly text: string
}

export interface CommandAnswer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface Target {
  /** As traces name it. */
  readonly by: string
  readonly nodes: ReadonlyArray<NodeShape>
  /** Whether time passes by itself: what takes time is then watched while it goes on. */
  readonly live: boolean
  /** Hostname of the manager to ask now. */
  readonly manager: () => string
  readonly call: (request: EngineRequest) => Effect.Effect<EngineAnswer, TargetFailed>
  readonly docker: (
    args: ReadonlyArray<string>,
    files: Readonly<Record<string, string>>
  ) => Effect.Effect<CommandAnswer, TargetFailed>
  readonly fault: (fault: NodeFault, node: string) => Effect.Effect<void, TargetFailed>
  /** Lets time pass on the target's clock and gives what was to be seen meanwhile, oldest first, at least one. */
  readonly pass: (millis: number) => Effect.Effect<ReadonlyArray<Observation>, TargetFailed>
  /** The swarm-scope events since the last call, as `/events` gives them, oldest first. */
  readonly events: Effect.Effect<ReadonlyArray<EngineObject>, TargetFailed>
}
