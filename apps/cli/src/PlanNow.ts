/** The plan for the Swarm as it is read now, with what is needed to show it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Decision from "@evenkeel/executor/Decision"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { allowsGaps } from "./GapPolicy.ts"
import type { PlanView } from "./views/PlanView.ts"

/** `coolDownMillis`: services deployed more recently stay. `explain`: see `PlanView`. */
export const planNow = Effect.fn("PlanNow.planNow")(function* (coolDownMillis: number, explain: boolean) {
  const client = yield* SwarmClient
  const { snapshot } = yield* client.reading
  const policy = { allowGaps: yield* allowsGaps }
  const view: PlanView = {
    plan: Decision.planNow(snapshot, yield* Clock.currentTimeMillis, coolDownMillis, policy),
    coolDownMillis,
    hostnames: new Map(snapshot.nodes.map(({ hostname, id }) => [id, hostname])),
    explain
  }
  return view
})
