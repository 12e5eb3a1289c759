/**
 * One reading judged: which brakes are on, which plan they leave, and the one thing to do now. Reads what this instance knows;
 * writes nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Plan } from "@evenkeel/domain/Plan"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import * as Alongside from "@evenkeel/executor/brakes/Alongside"
import type { BrakeName, BrakeState, Engaged } from "@evenkeel/executor/brakes/Brake"
import * as BrakeSettings from "@evenkeel/executor/brakes/BrakeSettings"
import * as Brakes from "@evenkeel/executor/brakes/Brakes"
import { type Decision, decide } from "@evenkeel/executor/Decision"
import * as HistoryKeeper from "./HistoryKeeper.ts"
import type { LoopParts } from "./LoopParts.ts"

export interface Assessment {
  readonly decision: Decision
  /** Null where none was made: another instance leads, or nothing may begin before the Swarm has changed again. */
  readonly plan: Plan | null
  readonly engaged: ReadonlyArray<Engaged>
  readonly state: BrakeState
}

/** All that the brakes judge by, as this instance knows it now. */
export const brakeState = Effect.fn("Assessment.brakeState")(function* (parts: LoopParts, isLeading: boolean) {
  const { failure, held } = yield* Ref.get(parts.policy)
  const history = isLeading ? yield* HistoryKeeper.moves(parts.history) : []
  return {
    settings: BrakeSettings.withOverrides(parts.config.settings, held.value.settings),
    policy: held.value,
    policyFailure: failure ?? (yield* HistoryKeeper.failure(parts.history)),
    history,
    stability: yield* Ref.get(parts.stability),
    refusals: yield* Ref.get(parts.refusals)
  } satisfies BrakeState
})

/** The plan that the brakes leave, whoever leads. */
export const planOf = (parts: LoopParts, state: BrakeState, snapshot: Snapshot, nowMillis: number) =>
  Effect.gen(function* () {
    const on = Brakes.engaged(state, snapshot, nowMillis)
    const held = Brakes.held(on, state, snapshot, nowMillis)
    const around = yield* parts.plans.around(held, snapshot, nowMillis)
    return { engaged: [...on, ...around.refused], around }
  })

/** `stopping`: nothing new is begun, what is open is brought to a safe end. */
export const assess = Effect.fn("Assessment.assess")(function* (
  parts: LoopParts,
  snapshot: Snapshot,
  stopping: boolean
): Effect.fn.Return<Assessment, never, Effect.Effect.Context<ReturnType<typeof brakeState>>> {
  const nowMillis = yield* Clock.currentTimeMillis
  const isLeading = snapshot.isReadByLeader
  const state = yield* brakeState(parts, isLeading)
  const situation = { snapshot, stability: state.stability, nowMillis, stopping }
  const owed = yield* Ref.get(parts.owed)
  // What this process or an approved plan began is brought to its end whatever the mode, even when the approval's time is
  // over: the brakes see to what may begin.
  const hasToEnd =
    state.policy.approval !== null ||
    snapshot.services.some((service) => owed.has(service.id) && MoveProgress.isTouched(service))
  const limits = {
    mode: hasToEnd ? ("act" as const) : state.settings.mode,
    // The brake of that name has its say already.
    stabilisationMillis: 0,
    stabilityMillis: parts.config.stabilityMillis,
    coolDownMillis: state.settings.coolDownMillis
  }
  if (!isLeading || stopping)
    return {
      decision: decide(situation, limits),
      plan: null,
      engaged: Brakes.engaged(state, snapshot, nowMillis),
      state
    }
  const on = Brakes.engaged(state, snapshot, nowMillis)
  const halted = Brakes.held(on, state, snapshot, nowMillis).halted
  const isMoving = snapshot.services.some(MoveProgress.isTouched)
  if (isMoving || (halted !== null && passing.has(halted.brake)))
    return yield* withoutPlan(parts, { ...situation, limits }, { engaged: on, state, halted, isMoving })
  const pauseMillis = parts.plans.pauseMillis(snapshot, nowMillis)
  if (pauseMillis > 0) {
    const held = { because: "the Swarm has changed since the last plan; the next one is made in a moment" }
    return { decision: decide({ ...situation, held }, limits), plan: null, engaged: on, state }
  }
  const { around, engaged } = yield* planOf(parts, state, snapshot, nowMillis)
  const held = around.because === null ? { because: null, plan: around.plan } : { because: around.because }
  return { decision: decide({ ...situation, held }, limits), plan: around.plan, engaged, state }
})

/** While one of these holds everything, the Swarm changes all the time: a plan would be made again and again for nothing. */
const passing = new Set<BrakeName>(["stabilisation", "moves-at-once", "sick-cluster"])

type Situated = Parameters<typeof decide>[0] & { readonly limits: Parameters<typeof decide>[1] }
type Braked = Pick<Assessment, "engaged" | "state"> & {
  readonly halted: Engaged | null
  readonly isMoving: boolean
}

/** What is under way goes on; the next move beside it comes from the plan that the first one came from. */
const withoutPlan = (parts: LoopParts, { limits, ...situation }: Situated, braked: Braked): Effect.Effect<Assessment> =>
  Effect.map(Ref.get(parts.openPlan), (open) => {
    const { engaged, halted, isMoving, state } = braked
    const { nowMillis, snapshot } = situation
    const because = halted?.reason ?? "a move is under way"
    const decision = decide({ ...situation, held: { because } }, limits)
    const beside =
      isMoving && decision._tag === "Idle" && open !== null && limits.mode === "act" && snapshot.hasQuorum
        ? Alongside.next(open.plan, open.left, Brakes.held(engaged, state, snapshot, nowMillis), snapshot)
        : null
    return {
      decision: beside === null || open === null ? decision : { _tag: "Begin", move: beside, plan: open.plan },
      plan: null,
      engaged,
      state
    }
  })
