/** Runs what a command does against the engine that its options name. */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { EngineAccess } from "./EngineAccess.ts"

export const withEngine =
  (options: { readonly host: Option.Option<string> }) =>
  <A, E, R>(effect: Effect.Effect<A, E, R | SwarmClient>) =>
    Effect.flatMap(EngineAccess, ({ connect }) => Effect.provide(effect, connect(options.host)))
