/** What follows when a node is back: waiting until it is ready, and the fewest moves that restore the balance. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Node } from "@evenkeel/domain/Node"
import * as Decision from "@evenkeel/executor/Decision"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as ApplyMoves from "./ApplyMoves.ts"
import { allowsGaps } from "./GapPolicy.ts"
import { type Note, NotConverged } from "./MoveFollowing.ts"

/** Ends when tasks can be placed on the node again. Fails with NotConverged after `timeoutMillis`. */
export const whenReady = Effect.fn("Rebalancing.whenReady")(function* (node: Node, timeoutMillis: number) {
  const client = yield* SwarmClient
  const giveUpAtMillis = (yield* Clock.currentTimeMillis) + timeoutMillis
  yield* client.hurry
  yield* client.snapshots().pipe(
    Stream.takeUntilEffect((element) =>
      Effect.gen(function* () {
        if (element._tag === "SnapshotReading" && element.snapshot.node(node.id)?.isSchedulable === true) return true
        if ((yield* Clock.currentTimeMillis) <= giveUpAtMillis) return false
        return yield* new NotConverged({
          what: `node ${node.hostname} is not ready ${timeoutMillis / 1_000} s after it was activated. Look: evenkeel node ls`
        })
      })
    ),
    Stream.runDrain
  )
})

export interface RebalanceOptions {
  readonly stabilityMillis: number
  readonly moveDeadlineMillis: number
}

/** A rebalancer in mode `act` works on the same Swarm: so often a plan that it has overtaken is made anew. */
const attempts = 10

/**
 * The fewest moves that restore the balance; gives how many this command made. An operator has asked for them, so nobody's
 * deploy is waited for.
 */
export const rebalance = Effect.fn("Rebalancing.rebalance")(function* (options: RebalanceOptions, note: Note) {
  const client = yield* SwarmClient
  let made = 0
  for (let attempt = 1; ; attempt++) {
    yield* ApplyMoves.finishOpenMoves(options, note)
    const { snapshot } = yield* client.reading
    const plan = Decision.planNow(snapshot, yield* Clock.currentTimeMillis, 0, { allowGaps: yield* allowsGaps })
    if (plan.isEmpty) return made
    yield* note(
      plan.moves.length === 1 ? "1 move restores the balance" : `${plan.moves.length} moves restore the balance`
    )
    const outcome = yield* Effect.either(ApplyMoves.apply(plan, { ...options, coolDownMillis: 0 }, note))
    if (outcome._tag === "Right") return made + outcome.right
    if (outcome.left._tag !== "PlanStale" || attempt === attempts) return yield* outcome.left
    made += outcome.left.moved
    yield* note(`${outcome.left.because}: planning anew`)
  }
})
