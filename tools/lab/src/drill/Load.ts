/** The load of a drill as its cycles see it: phases begin, routers become targets or are declared dead. */
import type * as Effect from "effect/Effect"

export interface Load {
  readonly beginPhase: (name: string) => Effect.Effect<void>
  /** Node names. What fails on connections to a dead one is counted apart. */
  readonly setTargets: (active: ReadonlyArray<string>, dead: ReadonlyArray<string>) => Effect.Effect<void>
}
