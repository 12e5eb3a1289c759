/**
 * Whether the policy in the Swarm allows moves that leave a gap (`allowGaps`). What the rebalancers' environment says is not
 * known here. A policy that this version cannot read allows nothing.
 */
import * as Effect from "effect/Effect"
import * as PolicyStore from "@evenkeel/executor/brakes/PolicyStore"

export const allowsGaps = PolicyStore.policy.read().pipe(
  Effect.map(({ value }) => value.settings.allowGaps === true),
  Effect.catchTag("DocumentUnreadable", () => Effect.succeed(false))
)
