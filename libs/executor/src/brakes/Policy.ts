/**
 * What operators have said, and what must be remembered whoever leads: settings, pauses, quarantines, approved plans. One
 * JSON document in Swarm's raft (see `PolicyStore`); the functions here change it and are pure. Everything that ends has its
 * time in it, so that nobody has to be alive to end it.
 */
import * as Schema from "effect/Schema"
import { NodeId, RaftIndex, ServiceId, TaskId } from "@evenkeel/domain/Ids"
import type { Move, Plan } from "@evenkeel/domain/Plan"
import { SettingsOverrides } from "./BrakeSettings.ts"
import type { PastMove } from "./MoveHistory.ts"

const EndMillis = Schema.NullOr(Schema.Number)

/** No move begins: of any service, or of one. A move that is under way is brought to its end. */
export const Pause = Schema.Struct({
  /** Null: all services. */
  service: Schema.NullOr(ServiceId),
  /** The name at the time, for people; null with all. */
  serviceName: Schema.NullOr(Schema.String),
  because: Schema.String,
  by: Schema.String,
  sinceMillis: Schema.Number,
  /** Null: until somebody resumes. */
  untilMillis: EndMillis
})
export type Pause = typeof Pause.Type

/** A node that came and went: it neither gets nor gives tasks. Remembered beyond its end, so that the next lasts longer. */
export const Quarantine = Schema.Struct({
  node: NodeId,
  hostname: Schema.String,
  /** How many quarantines in a row, this one included. */
  level: Schema.Int,
  sinceMillis: Schema.Number,
  untilMillis: Schema.Number
})
export type Quarantine = typeof Quarantine.Type

/** Moves that somebody has looked at and wants made, whatever the mode is. */
export const Approval = Schema.Struct({
  by: Schema.String,
  atMillis: Schema.Number,
  /** What has not begun by then is forgotten. */
  untilMillis: Schema.Number,
  basedOn: RaftIndex,
  moves: Schema.Array(Schema.Struct({ service: ServiceId, task: TaskId, from: NodeId }))
})
export type Approval = typeof Approval.Type

export const Policy = Schema.Struct({
  settings: Schema.optionalWith(SettingsOverrides, { default: () => ({}) }),
  pauses: Schema.optionalWith(Schema.Array(Pause), { default: () => [] }),
  quarantines: Schema.optionalWith(Schema.Array(Quarantine), { default: () => [] }),
  approval: Schema.optionalWith(Schema.NullOr(Approval), { default: () => null })
})
export type Policy = typeof Policy.Type

/** Nobody has said anything. */
export const none: Policy = { settings: {}, pauses: [], quarantines: [], approval: null }

/** More moves than this are not approved at once: the document has to stay small. */
export const mostApprovedMoves = 500

/** How long an approval holds. */
export const approvalMillis = 3_600_000

const holds = (untilMillis: number | null, nowMillis: number): boolean =>
  untilMillis === null || nowMillis < untilMillis

/** The pauses that hold now. */
export const pausesAt = (policy: Policy, nowMillis: number): ReadonlyArray<Pause> =>
  policy.pauses.filter(({ untilMillis }) => holds(untilMillis, nowMillis))

/** The quarantines that hold now. */
export const quarantinesAt = (policy: Policy, nowMillis: number): ReadonlyArray<Quarantine> =>
  policy.quarantines.filter(({ untilMillis }) => nowMillis < untilMillis)

/** The approval that holds now. */
export const approvalAt = ({ approval }: Policy, nowMillis: number): Approval | null =>
  approval !== null && nowMillis < approval.untilMillis ? approval : null

/** With one more pause; it replaces one of the same service, or of all. */
export const paused = (policy: Policy, pause: Pause, nowMillis: number): Policy => ({
  ...policy,
  pauses: [...pausesAt(policy, nowMillis).filter(({ service }) => service !== pause.service), pause]
})

/** Without the pause of the service; of all with null: single services that were paused stay so. */
export const resumed = (policy: Policy, service: ServiceId | null, nowMillis: number): Policy => ({
  ...policy,
  pauses: pausesAt(policy, nowMillis).filter((pause) => pause.service !== service)
})

/** With other settings than before; those that are not named go back to the environment's. */
export const withSettings = (policy: Policy, settings: SettingsOverrides): Policy => ({ ...policy, settings })

/** Whether the move is one of those approved. Where it goes may have changed: another node as good for the balance. */
export const approves = (approval: Approval | null, move: Pick<Move, "service" | "task" | "from">): boolean =>
  approval !== null &&
  approval.moves.some(({ from, service, task }) => service === move.service && task === move.task && from === move.from)

/** The moves of an approval that have not failed since: one that was undone is not tried again on the same word. */
export const withoutUndone = (approval: Approval, history: ReadonlyArray<PastMove>): Approval => {
  const undone = history.filter(
    ({ outcome, startedAtMillis }) => outcome === "undone" && startedAtMillis >= approval.atMillis
  )
  const hasFailed = ({ service, task }: Approval["moves"][number]) =>
    undone.some((past) => past.service === service && past.task === task)
  return undone.length === 0 ? approval : { ...approval, moves: approval.moves.filter((move) => !hasFailed(move)) }
}

/** With the plan's moves approved. */
export const approved = (
  policy: Policy,
  { basedOn, moves }: Pick<Plan, "basedOn" | "moves">,
  by: string,
  nowMillis: number
): Policy => ({
  ...policy,
  approval: {
    by,
    atMillis: nowMillis,
    untilMillis: nowMillis + approvalMillis,
    basedOn: basedOn.raftIndex,
    moves: moves.map(({ from, service, task }) => ({ service, task, from }))
  }
})
