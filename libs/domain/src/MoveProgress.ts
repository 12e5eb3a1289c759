/**
 * What to do next about a move, from what is observed alone: the service's spec and journal, its tasks, the time. The same
 * answer serves the instance that began the move, one that restarted in the middle, and a newly elected one. Every state is
 * a function of the store, so there is nothing else to recover.
 *
 * Steps of a move: begun (spec changed, journal written) → the new task serves → `Restore` (the user's spec again) →
 * `Settle` (an unchanged update, so that `PreviousSpec` equals `Spec` and a rollback does nothing) → nothing left. A rollback
 * in the middle, by a user or by Swarm's own `FailureAction`, swaps the two specs and so leads to another of these states.
 */
import * as MoveJournal from "./MoveJournal.ts"
import * as EmptyProgress from "./moves/EmptyProgress.ts"
import * as Hazard from "./moves/Hazard.ts"
import * as PinProgress from "./moves/PinProgress.ts"
import { hold, isPaused, isRolling, liveTasks, type NextStep, type Observation, wait } from "./moves/Step.ts"
import * as SurgeProgress from "./moves/SurgeProgress.ts"
import type { Service } from "./Service.ts"

export type { NextStep, Observation } from "./moves/Step.ts"

/** Whether a rolling update is running or waits for a person: any write would cancel or silently resume it. */
export const isRollingOut = (service: Service): boolean => isRolling(service) || isPaused(service)

/** Whether the service carries a trace of a move in its spec or in the spec a rollback would bring back. */
export const isTouched = (service: Service): boolean => specHoldsMove(service) || previousHoldsMove(service)

const specHoldsMove = (service: Service): boolean =>
  MoveJournal.isMarked({ labels: service.labels, constraints: service.placement.constraints })

const previousHoldsMove = (service: Service): boolean =>
  service.previous !== null && MoveJournal.isMarked(service.previous)

/** The operation that a spec carries, by whatever of its marks is left; null when it carries none. */
const operationOf = (spec: {
  readonly labels: Readonly<Record<string, string>>
  readonly constraints: ReadonlyArray<string>
}): string | null => {
  const reading = MoveJournal.read(spec.labels)
  if (reading._tag === "Found") return reading.journal.operation
  return (MoveJournal.findMarker(spec.constraints) ?? MoveJournal.findSurge(spec.labels))?.operation ?? null
}

/**
 * Whether somebody else wrote the service in the middle of the move: their write keeps the move's marks, and what it replaced
 * had them too. What a move writes itself replaces a spec without.
 */
export const isWrittenByOthers = (service: Service): boolean => {
  const operation = operationOf({ labels: service.labels, constraints: service.placement.constraints })
  return operation !== null && service.previous !== null && operationOf(service.previous) === operation
}

/**
 * Whether somebody asked in the middle of a surge for just the number of replicas that it has for the moment: the write left
 * the spec as it was, so it can have meant nothing else. The number is then theirs and stays.
 */
export const areReplicasAdopted = (service: Service): boolean =>
  isWrittenByOthers(service) && service.previous?.equalsSpec === true && MoveJournal.findSurge(service.labels) !== null

/**
 * What giving the service its own spec back would cost, as a clause; null when no task that serves is lost. To be asked again
 * right before the write.
 */
export const hazardOfRestore = ({ service, snapshot }: Pick<Observation, "service" | "snapshot">): string | null => {
  const surge = MoveJournal.findSurge(service.labels)
  const isBumped = surge !== null && service.replicas === surge.baseline + 1 && !areReplicasAdopted(service)
  return Hazard.ofRestore(
    snapshot,
    liveTasks({ service, snapshot }),
    isBumped ? surge.baseline : (service.replicas ?? 0)
  )
}

/** The next step for one service. Total: answers for every spec, whoever wrote it. */
export const next = (observation: Observation): NextStep => {
  const { service } = observation
  if (!specHoldsMove(service)) {
    if (!previousHoldsMove(service)) return { _tag: "Nothing" }
    return isRollingOut(service)
      ? wait(`a rollout is ${service.updateState ?? ""}; the previous spec is settled after it`)
      : { _tag: "Settle" }
  }
  const rollout = nextInRolloutOfOthers(observation)
  if (rollout !== null) return rollout
  const reading = MoveJournal.read(service.labels)
  if (reading._tag !== "Found")
    return nextWithoutJournal(
      observation,
      reading._tag === "Unreadable" ? "the journal cannot be read" : "the journal is gone"
    )
  const { journal } = reading
  if (areReplicasAdopted(service)) {
    const because = `somebody asked for the ${service.replicas} replicas that the move has`
    return { _tag: "Restore", outcome: "undone", because, journal }
  }
  switch (journal._tag) {
    case "pin":
      return PinProgress.next(observation, journal)
    case "surge":
      return SurgeProgress.next(observation, journal)
    case "empty":
      return EmptyProgress.next(observation, journal)
  }
}

/** Somebody's update that began in the middle of the move: it is let through, but not for longer than the move itself. */
const nextInRolloutOfOthers = ({ nowMillis, service }: Observation): NextStep | null => {
  if (!isWrittenByOthers(service)) return null
  const reading = MoveJournal.read(service.labels)
  // A withdrawal replaces a spec of the move too, and with a gap somebody waits for the task meanwhile.
  if (reading._tag === "Found" && reading.journal.withdrawn === true && MoveJournal.leavesGap(reading.journal))
    return null
  if (isPaused(service))
    return hold(
      `somebody's update of the service is ${service.updateState ?? ""}, and a write would resume it: finish it or roll it back`
    )
  if (!isRolling(service)) return null
  const isLate = reading._tag === "Found" && nowMillis > reading.journal.deadlineMillis
  return isLate ? null : wait(`somebody's update of the service is ${service.updateState ?? ""}; the move waits for it`)
}

/**
 * The marks alone: the move is undone, where and when that costs no task that serves. A pin whose two tasks are both wanted
 * resolves by itself, since Swarm goes on with the update it has.
 */
const nextWithoutJournal = (observation: Observation, because: string): NextStep => {
  const hazard = hazardOfRestore(observation)
  return hazard === null
    ? {
        _tag: "Restore",
        outcome: "undone",
        because: `${because}; what is left of the move is taken out`,
        journal: null
      }
    : hold(`${because}, and taking out what is left of the move might cost a task that serves: ${hazard}`)
}
