/**
 * What this instance does after a reading: finish or undo the move that is under way, begin the next one, or nothing, and
 * why. Pure: every brake is a line here, every answer a value that logs, the API and tests can show.
 */
import type { MoveJournal } from "@evenkeel/domain/MoveJournal"
import * as Journal from "@evenkeel/domain/MoveJournal"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Move, Plan } from "@evenkeel/domain/Plan"
import * as Planner from "@evenkeel/domain/Planner"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Stability } from "./Stability.ts"

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
  | { readonly _tag: "Settle"; readonly service: Service }
  | { readonly _tag: "Hold"; readonly service: Service; readonly because: string }

export interface Situation {
  readonly snapshot: Snapshot
  readonly stability: Stability
  readonly nowMillis: number
  /** This process has been asked to stop: nothing new is begun, what is open is brought to a safe end. */
  readonly stopping: boolean
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

/** The plan as it stands, whether or not anything may move now. */
export const planNow = (snapshot: Snapshot, nowMillis: number, coolDownMillis: number): Plan =>
  Planner.plan(snapshot, {
    ...Planner.defaultPolicy,
    coolDown: new Set(
      snapshot.services.filter((service) => isCoolingDown(service, nowMillis, coolDownMillis)).map(({ id }) => id)
    )
  })

/**
 * Whether somebody deployed the service within the cool-down. A finished move leaves `PreviousSpec` equal to `Spec`; a
 * deploy leaves them different, or no previous spec at all.
 */
export const isCoolingDown = (service: Service, nowMillis: number, coolDownMillis: number): boolean => {
  if (service.previous?.equalsSpec === true || MoveProgress.isTouched(service)) return false
  const deployedAtMillis = Date.parse(service.previous === null ? service.createdAt : service.updatedAt)
  return nowMillis - deployedAtMillis < coolDownMillis
}

/** The one thing to do now. At most one move is under way in the whole cluster. */
export const decide = ({ snapshot, stability, nowMillis, stopping }: Situation, brakes: Brakes): Decision => {
  if (brakes.mode === "observe") return idle("mode is observe: plans are shown, nothing is moved")
  if (!snapshot.isReadByLeader) return idle("another manager leads the Swarm")
  if (!snapshot.hasQuorum) return idle("the managers have no quorum")

  const underWay = snapshot.services
    .filter(MoveProgress.isTouched)
    .map((service) => decideUnderWay(service, { snapshot, stability, nowMillis, stopping }, brakes))
  const urgent = underWay.find(({ _tag }) => _tag === "Restore" || _tag === "Settle") ?? underWay[0]
  if (urgent !== undefined) return urgent
  if (stopping) return idle("stopping")

  const unchangedMillis = nowMillis - stability.nodesUnchangedSinceMillis
  if (unchangedMillis < brakes.stabilisationMillis)
    return idle(`the nodes changed ${unchangedMillis} ms ago; waiting for ${brakes.stabilisationMillis} ms of calm`)
  const plan = planNow(snapshot, nowMillis, brakes.coolDownMillis)
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
      const since = stability.servingSinceMillis.get(task)
      return since === undefined ? null : nowMillis - since
    }
  })
  const reading = Journal.read(service.labels)
  switch (step._tag) {
    case "Nothing":
      return idle(`nothing is left of a move of ${service.name}`)
    case "Wait":
      return idle(`move of ${service.name}: ${step.because}`)
    case "Restore":
      return { ...step, service, journal: reading._tag === "Found" ? reading.journal : null }
    case "Settle":
      return { _tag: "Settle", service }
    case "Hold":
      return { ...step, service }
  }
}
