/**
 * Carries out a plan move by move with the rebalancer's own executor, and brings to an end what another has begun. Each move
 * is journalled in the service that it moves, so that whoever is interrupted, this command or a rebalancer, the other goes
 * on. Chooses nothing: before each move the planner must still come to the same one, else the plan is stale.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Move, Plan } from "@evenkeel/domain/Plan"
import * as PlanBasis from "@evenkeel/domain/PlanBasis"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Decision from "@evenkeel/executor/Decision"
import * as Mover from "@evenkeel/executor/Mover"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import { allowsGaps } from "./GapPolicy.ts"
import { type Note, NotConverged, throughToTheEnd } from "./MoveFollowing.ts"
import { wayOf } from "./views/PlanView.ts"

/** Represents a plan that no longer fits the Swarm. What was moved before stays moved. */
export class PlanStale extends Schema.TaggedError<PlanStale>()("PlanStale", {
  /** What has changed. */
  because: Schema.String,
  moved: Schema.Int,
  moves: Schema.Int
}) {
  override get message(): string {
    const progress = this.moved === 0 ? "nothing was moved" : `${this.moved} of ${this.moves} moves were made`
    return `the plan is stale: ${this.because}; ${progress}. Make a new one: evenkeel plan`
  }
}

/** All in milliseconds. */
export interface ApplyOptions {
  /** How long a new task must serve before the old one is let go. */
  readonly stabilityMillis: number
  /** A move that has not succeeded by then is undone. */
  readonly moveDeadlineMillis: number
  /** The one that the plan was made with. */
  readonly coolDownMillis: number
}

/**
 * Makes the plan's moves in their order; gives how many. `note` is told what happens. Fails with PlanStale before the move
 * that no longer fits, with NotConverged after one that did not succeed; later moves are then not begun.
 */
export const apply = Effect.fn("ApplyMoves.apply")(function* (plan: Plan, options: ApplyOptions, note: Note) {
  const client = yield* SwarmClient
  const stale = (because: string, moved: number) => new PlanStale({ because, moved, moves: plan.moves.length })
  yield* refuseStale(plan, (yield* client.reading).snapshot)
  for (const [at, planned] of plan.moves.entries()) {
    yield* finishOpenMoves(options, note)
    const { snapshot } = yield* client.reading
    const now = yield* Clock.currentTimeMillis
    const move = samePlanned(
      planned,
      Decision.planNow(snapshot, now, options.coolDownMillis, { allowGaps: yield* allowsGaps })
    )
    const service = snapshot.service(planned.service)
    if (move === null || service === undefined)
      return yield* stale(`to move ${planned.serviceName} is no longer what the Swarm needs`, at)
    const name = (node: Move["to"]) => snapshot.node(node)?.hostname ?? node
    yield* note(
      `[${at + 1}/${plan.moves.length}] ${move.serviceName}: ${wayOf(move)} from ${name(move.from)} to ${name(move.to)}`
    )
    // Begun means journalled: an interruption between the two would leave the user unsure.
    const journal = yield* Effect.uninterruptible(Mover.begin(service, move, options.moveDeadlineMillis)).pipe(
      Effect.catchTag("DecisionOvertaken", "ServiceVersionConflict", () =>
        stale(`${planned.serviceName} was changed by somebody else`, at)
      ),
      Effect.catchTag("StepRefused", ({ because }) => stale(because, at))
    )
    const outcome = yield* throughToTheEnd(move.service, journal, options, note)
    if (outcome._tag === "undone")
      return yield* new NotConverged({ what: `the move of ${move.serviceName} was undone: ${outcome.because}` })
    yield* note(`[${at + 1}/${plan.moves.length}] ${move.serviceName}: done`)
  }
  return plan.moves.length
})

/** Fails with PlanStale unless every object that the plan was made from still has its version. */
export const refuseStale = (plan: Plan, snapshot: Snapshot): Effect.Effect<void, PlanStale> => {
  const because = PlanBasis.firstPassed(plan, snapshot)
  return because === null ? Effect.void : new PlanStale({ because, moved: 0, moves: plan.moves.length })
}

/**
 * The move as it is predicted now: of the same service, from the same node, to one of the planned nodes, with a gap or without
 * as planned. Between two moves only this is asked, not for versions: a node's changes when Swarm gives it an address on one
 * more network.
 */
const samePlanned = (planned: Move, now: Plan): Move | null => {
  const wanted = new Set([planned.to, ...planned.alternatives])
  return (
    now.moves.find(
      ({ from, order, service, to }) =>
        service === planned.service && from === planned.from && order === planned.order && wanted.has(to)
    ) ?? null
  )
}

/** Services with a move under way or its remains, by name. */
export const openMoves = (snapshot: Snapshot) =>
  snapshot.services.filter(MoveProgress.isTouched).toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** Brings every move that is under way, whoever began it, to its end; gives how many there were. */
export const finishOpenMoves = Effect.fn("ApplyMoves.finishOpenMoves")(function* (
  options: Pick<ApplyOptions, "stabilityMillis">,
  note: Note
) {
  const client = yield* SwarmClient
  const open = openMoves((yield* client.reading).snapshot)
  for (const service of open) {
    yield* note(`${service.name}: finishing the move that is under way`)
    const outcome = yield* throughToTheEnd(service.id, null, options, note)
    yield* note(`${service.name}: ${outcome._tag === "completed" ? "done" : `${outcome._tag}, ${outcome.because}`}`)
  }
  return open.length
})

/** The same for moves that the operator did not speak of: named, and asked for, before anything is changed. */
export const finishAfterAsking = Effect.fn("ApplyMoves.finishAfterAsking")(function* <E, R>(
  options: Pick<ApplyOptions, "stabilityMillis">,
  note: Note,
  confirm: (question: string) => Effect.Effect<void, E, R>
) {
  const client = yield* SwarmClient
  const open = openMoves((yield* client.reading).snapshot)
  if (open.length === 0) return 0
  yield* note(`Under way or left over: the move of ${open.map(({ name }) => name).join(", ")}.`)
  yield* confirm("Finish it first?")
  return yield* finishOpenMoves(options, note)
})
