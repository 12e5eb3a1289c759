/** What there is to see at one moment of a run: a plain value, from which the view makes lines. */
import type { Observation } from "./Observation.ts"
import type { Phase, RunKind, StoryEvent } from "./Story.ts"

/** What the generator measured lately. */
export interface LiveLoad {
  readonly requestsPerS: number
  readonly sent: number
  readonly lost: number
  readonly cut: number
  readonly onLostNode: number
  /** Of the present phase. */
  readonly p50Ms: number
  readonly p99Ms: number
}

export const noLoad: LiveLoad = { requestsPerS: 0, sent: 0, lost: 0, cut: 0, onLostNode: 0, p50Ms: 0, p99Ms: 0 }

export interface Scene {
  readonly run: RunKind
  readonly phase: Phase
  readonly speed: number
  /** Simulated seconds since the run's Swarm began. */
  readonly atSeconds: number
  readonly observation: Observation
  /** Hostnames that are lost in truth, whatever Swarm says yet. */
  readonly lost: ReadonlySet<string>
  readonly load: LiveLoad
  /** The latest, oldest first. */
  readonly events: ReadonlyArray<StoryEvent>
}

/** Who is told of a run as it goes on. */
export interface Audience {
  readonly scene: (scene: Scene) => void
  readonly event: (event: StoryEvent) => void
  /** What the embedded Swarm's process says. */
  readonly message: (line: string) => void
  /** The run is over. */
  readonly leave: () => void
}
