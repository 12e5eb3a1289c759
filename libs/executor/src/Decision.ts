/**
 * What this instance does after a reading: finish or undo a move that is under way, begin the next one, or nothing, and why.
 * Pure: every answer is a value that logs, the API and tests can show. What holds moves back is for `brakes/Brakes` to say.
 */
import type { MoveJournal } from "@evenkeel/domain/MoveJournal"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import * as Pausable from "@evenkeel/domain/Pausable"
import type { Move, Plan } from "@evenkeel/domain/Plan"
import * as Planner from "@evenkeel/domain/Planner"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { PlannerPolicy } from "@evenkeel/domain/planner/PlannerPolicy"
import * as Stability from "./Stability.ts"

export type Decision =
  | { readonly _tag: "Idle"; readonly because: string }
  | { readonly _tag: "Begin"; readonly move: Move; readonly plan: Plan }
  | {
      readonly _tag: "Restore"
      readonly service: Service
      readonly journal: MoveJournal | null
      readonly outcome: "completed" | "undone"
      readonly because: string
    }
  | {
      readonly _tag: "Withdraw"
      readonly service: Service
      readonly journal: MoveJournal
      readonly constraint: string
      readonly because: string
    }
  | { readonly _tag: "Settle"; readonly service: Service }
  | { readonly _tag: "Hold"; readonly service: Service; readonly because: string }

export interface Situation {
  readonly snapshot: Snapshot
  readonly stability: Stability.Stability
  readonly nowMillis: number
  /** This process has been asked to stop: nothing new is begun, what is open is brought to a safe end. */
  readonly stopping: boolean
  /**
   * What a rebalancer's brakes (`brakes/Brakes.ts`) leave: why nothing may begin, or null, and the plan that was made around
   * what they hold. Absent where nothing but `Brakes` holds moves back; then the plan is made here.
   */
  readonly held?: { readonly because: string } | { readonly because: null; readonly plan: Plan }
}

/** What holds moves back, all of it configuration. */
export interface Brakes {
  /** `observe` plans and tells, `act` also moves. */
  readonly mode: "observe" | "act"
  /** How long the set of nodes that take tasks must not have changed before a move begins. */
  readonly stabilisationMillis: number
  /** How long a moved task must serve before the old one is let go. */
  readonly stabilityMillis: number
  /** How long a service is left alone after somebody deployed it. */
  readonly coolDownMillis: number
}

const idle = (because: string): Decision => ({ _tag: "Idle", because })

/** The plan as it stands, whether or not anything may move now. What `policy` names replaces the default. */
export const planNow = (
  snapshot: Snapshot,
  nowMillis: number,
  coolDownMillis: number,
  policy: Partial<PlannerPolicy> = {}
): Plan => Pausable.toEnd(planningNow(snapshot, nowMillis, coolDownMillis, policy))

/** The same, for a process that has others to answer meanwhile. */
export const planningNow = (
  snapshot: Snapshot,
  nowMillis: number,
  coolDownMillis: number,
  policy: Partial<PlannerPolicy> = {}
): Pausable.Pausable<Plan> =>
  Planner.planning(snapshot, {
    ...Planner.defaultPolicy,
    coolDown: new Set(
      snapshot.services.filter((service) => isCoolingDown(service, nowMillis, coolDownMillis)).map(({ id }) => id)
    ),
    ...policy
  })

/**
 * When somebody deployed the service last, in milliseconds since the epoch; null where the last writes were a move's. A
 * finished move leaves `PreviousSpec` equal to `Spec`; a deploy leaves them different, or no previous spec at all.
 */
export const deployedAtMillis = (service: Service): number | null => {
  if (service.previous?.equalsSpec === true || MoveProgress.isTouched(service)) return null
  // Swarm's own rollback of a failed update leaves no previous spec either.
  const wasRolledBack = service.updateState?.startsWith("rollback") === true
  const isNew = service.previous === null && !wasRolledBack
  return Date.parse(isNew ? service.createdAt : service.updatedAt)
}

/** Whether somebody deployed the service within the cool-down. One of 0 holds nothing, also where Swarm's clock is ahead. */
export const isCoolingDown = (service: Service, nowMillis: number, coolDownMillis: number): boolean => {
  const atMillis = deployedAtMillis(service)
  return atMillis !== null && coolDownMillis > 0 && nowMillis - atMillis < coolDownMillis
}

/** The one thing to do now. What is under way goes first; a move beside it is for `brakes/Alongside` to find. */
export const decide = ({ snapshot, stability, nowMillis, stopping, held }: Situation, brakes: Brakes): Decision => {
  if (brakes.mode === "observe") return idle("mode is observe: plans are shown, nothing is moved")
  if (!snapshot.isReadByLeader) return idle("another manager leads the Swarm")
  if (!snapshot.hasQuorum) return idle("the managers have no quorum")

  const underWay = snapshot.services
    .filter(MoveProgress.isTouched)
    .map((service) => decideUnderWay(service, { snapshot, stability, nowMillis, stopping }, brakes))
  const isStep = ({ _tag }: Decision) => _tag === "Restore" || _tag === "Withdraw" || _tag === "Settle"
  // One that waits must not hide one that nobody but an operator can bring to its end.
  const urgent = underWay.find(isStep) ?? underWay.find(({ _tag }) => _tag === "Hold") ?? underWay[0]
  if (urgent !== undefined) return urgent
  if (stopping) return idle("stopping")

  const unchangedMillis = nowMillis - stability.nodesUnchangedSinceMillis
  if (unchangedMillis < brakes.stabilisationMillis)
    return idle(`the nodes changed ${unchangedMillis} ms ago; waiting for ${brakes.stabilisationMillis} ms of calm`)
  if (held !== undefined && held.because !== null) return idle(held.because)
  const plan = held?.plan ?? planNow(snapshot, nowMillis, brakes.coolDownMillis)
  const [move] = plan.moves
  return move === undefined ? idle("balanced, or nothing that may be moved would help") : { _tag: "Begin", move, plan }
}

const decideUnderWay = (service: Service, situation: Situation, brakes: Brakes): Decision => {
  const { snapshot, stability, nowMillis, stopping } = situation
  const step = MoveProgress.next({
    snapshot,
    service,
    nowMillis,
    stopping,
    stabilityMillis: brakes.stabilityMillis,
    servingForMillis: (task) => {
      const since = Stability.servingSinceMillis(stability, service.id, task)
      return since === undefined ? null : nowMillis - since
    }
  })
  switch (step._tag) {
    case "Nothing":
      return idle(`nothing is left of a move of ${service.name}`)
    case "Wait":
      return idle(`move of ${service.name}: ${step.because}`)
    case "Restore":
    case "Withdraw":
      return { ...step, service }
    case "Settle":
      return { _tag: "Settle", service }
    case "Hold":
      return { ...step, service }
  }
}
