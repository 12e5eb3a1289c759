/**
 * What a move leaves in the service it moves, so that a successor can finish or undo it: one label with the whole journal,
 * written by the same update that begins the move, and a mark beside it by which the move is known for ours even where the
 * journal is gone: for a pin and an empty a second constraint, for a surge a second label. Says how these are written and
 * read; `MoveProgress` says what to do about them.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { NodeId, TaskId } from "./Ids.ts"
import { MoveOrder } from "./Plan.ts"
import { journalPrefix } from "./ServiceLabels.ts"

/** The label that holds the journal. */
export const journalLabel = `${journalPrefix}move`

/** The label that marks a surge: `<operation>.<replicas asked for by the user>`. */
export const surgeLabel = `${journalPrefix}surge`

/**
 * One value of the service's spec, as JSON text: `wrote` is what the move put there, `was` what stood there before, null
 * where nothing did. Paths are keys from the spec's root.
 */
export const SpecChange = Schema.Struct({
  path: Schema.NonEmptyArray(Schema.Union(Schema.String, Schema.Int)),
  wrote: Schema.String,
  was: Schema.NullOr(Schema.String)
})
export type SpecChange = typeof SpecChange.Type

const common = {
  /** Names the move in logs, metrics and the pin's marker. */
  operation: Schema.NonEmptyString,
  /** The task to be replaced, and the nodes it goes from and to. */
  task: TaskId,
  from: NodeId,
  to: NodeId,
  /** Milliseconds since the epoch, by the clock of the manager that began. */
  startedAtMillis: Schema.Number,
  /** After this the move is undone if it can be. */
  deadlineMillis: Schema.Number,
  /** What has to be put back, labels excepted (the move's own labels are simply removed). */
  changes: Schema.Array(SpecChange),
  /** Pin and empty: `stop-first` where the old task ends before the new one starts. Absent: start-first. */
  order: Schema.optional(MoveOrder),
  /**
   * Pin and empty: the move has been given up, and its constraint now keeps tasks where they serve so that Swarm stops those
   * that never came up. What is left is to put the user's spec back.
   */
  withdrawn: Schema.optional(Schema.Boolean)
}

/** One replica, moved by constraint: start-first, unless its order says otherwise, brings the new task up before the old one ends. */
export class PinJournal extends Schema.TaggedClass<PinJournal>()("pin", common) {}

/** One of several replicas, moved by one more and one fewer. */
export class SurgeJournal extends Schema.TaggedClass<SurgeJournal>()("surge", {
  ...common,
  /** Replicas asked for by the user; the move asks for one more. */
  baseline: Schema.Positive.pipe(Schema.int()),
  /** Nodes that Swarm may have chosen instead of `to`, as good for the balance. */
  alternatives: Schema.Array(NodeId),
  /** The service's live tasks when the move began: any other is the move's. */
  tasks: Schema.Array(TaskId)
}) {}

/**
 * All tasks of a service on one node, moved by constraint: Swarm brings a new one up elsewhere before each of them ends, and
 * chooses where. `to` is where the first is expected, `task` the first of those that leave.
 */
export class EmptyJournal extends Schema.TaggedClass<EmptyJournal>()("empty", {
  ...common,
  /** Replicas asked for by the user; the move leaves their number as it is. */
  baseline: Schema.Positive.pipe(Schema.int()),
  /** The service's live tasks when the move began: any other is the move's. */
  tasks: Schema.Array(TaskId)
}) {}

export const MoveJournal = Schema.Union(PinJournal, SurgeJournal, EmptyJournal)
export type MoveJournal = typeof MoveJournal.Type

/** Whether the old task ends before the new one starts, so that for a while there is none. */
export const leavesGap = ({ order }: MoveJournal): boolean => order === "stop-first"

const JournalText = Schema.parseJson(MoveJournal)

/** The journal as a label's text. */
export const encode = Schema.encodeSync(JournalText)

/** What the labels say: no journal, a journal, or one that cannot be read (of a newer version, or edited by hand). */
export type JournalReading =
  | { readonly _tag: "None" }
  | { readonly _tag: "Found"; readonly journal: MoveJournal }
  | { readonly _tag: "Unreadable"; readonly text: string }

export const read = (labels: Readonly<Record<string, string>>): JournalReading => {
  const text = labels[journalLabel]
  if (text === undefined) return { _tag: "None" }
  return Option.match(Schema.decodeUnknownOption(JournalText)(text), {
    onNone: () => ({ _tag: "Unreadable" as const, text }),
    onSome: (journal) => ({ _tag: "Found" as const, journal })
  })
}

const markerKey = "node.labels.evenkeel.move"

/**
 * How the user's update order stood when a pin or an empty changed it: `absent` where the update config named none, `none`
 * where there was no update config.
 */
export const OriginalOrder = Schema.Literal("start-first", "stop-first", "absent", "none")
export type OriginalOrder = typeof OriginalOrder.Type

/** What a mark says of the user's update config. */
export interface OriginalUpdate {
  readonly order: OriginalOrder
  /** Null where the move left it alone, or the spec named none. */
  readonly parallelism: number | null
}

/** Holds on every node (no node has the label) and only marks the constraint before it as ours. */
const markOf = (operation: string, { order, parallelism }: OriginalUpdate): string =>
  `${markerKey}!=${operation}.${order}${parallelism === null ? "" : `.${parallelism}`}`

/**
 * The constraints of a pin: the target, and the mark
 * `node.labels.evenkeel.move!=<operation>.<original order>[.<original parallelism>]`.
 */
export const pinConstraints = (to: NodeId, operation: string, original: OriginalUpdate): ReadonlyArray<string> => [
  `node.id==${to}`,
  markOf(operation, original)
]

/** The constraints of an empty: the node that is left, and the same mark. */
export const emptyConstraints = (from: NodeId, operation: string, original: OriginalUpdate): ReadonlyArray<string> => [
  `node.id!=${from}`,
  markOf(operation, original)
]

/** A pin or an empty found in constraints: what to take out, and the order to put back. */
export interface MoveMarker {
  readonly operation: string
  readonly original: OriginalUpdate
  /** The constraints with the move's two taken out, the user's in their order. */
  readonly without: ReadonlyArray<string>
}

const bare = (constraint: string | undefined): string => constraint?.replaceAll(" ", "") ?? ""

const markerAt = (constraints: ReadonlyArray<string>): number =>
  constraints.findIndex((constraint) => bare(constraint).startsWith(`${markerKey}!=`))

const isOnNode = (constraint: string | undefined): boolean => /^node\.id[!=]=/.test(bare(constraint))

/** The pin or empty in a service's constraints, with or without a journal beside it; null when there is none. */
export const findMarker = (constraints: ReadonlyArray<string>): MoveMarker | null => {
  const at = markerAt(constraints)
  if (at < 0) return null
  const match = /!=([^.]+)\.(start-first|stop-first|absent|none)(?:\.(\d+))?$/.exec(bare(constraints[at]))
  const movesBefore = isOnNode(constraints[at - 1])
  return {
    operation: match?.[1] ?? "",
    original: {
      order: (match?.[2] as OriginalOrder | undefined) ?? "absent",
      parallelism: match?.[3] === undefined ? null : Number(match[3])
    },
    without: constraints.filter((_, i) => i !== at && !(movesBefore && i === at - 1))
  }
}

/** The constraints with the move's own replaced by `instead`, its mark kept; as they are where the mark is missing. */
export const withOwnConstraint = (constraints: ReadonlyArray<string>, instead: string): ReadonlyArray<string> => {
  const at = markerAt(constraints)
  if (at < 0) return constraints
  return isOnNode(constraints[at - 1]) ? constraints.with(at - 1, instead) : constraints.toSpliced(at, 0, instead)
}

/** The value of a surge's label. */
export const surgeMark = (operation: string, baseline: number): string => `${operation}.${baseline}`

/** A surge found in labels, with or without a journal beside it. */
export interface SurgeMark {
  readonly operation: string
  readonly baseline: number
}

export const findSurge = (labels: Readonly<Record<string, string>>): SurgeMark | null => {
  const match = /^([^.]*)\.([1-9]\d{0,8})$/.exec(labels[surgeLabel] ?? "")
  return match === null ? null : { operation: match[1] ?? "", baseline: Number(match[2]) }
}

/** Whether labels or constraints carry anything of a move. */
export const isMarked = (spec: {
  readonly labels: Readonly<Record<string, string>>
  readonly constraints: ReadonlyArray<string>
}): boolean =>
  spec.labels[journalLabel] !== undefined || spec.labels[surgeLabel] !== undefined || markerAt(spec.constraints) >= 0
