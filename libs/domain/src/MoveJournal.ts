/**
 * What a move leaves in the service it moves, so that a successor can finish or undo it: one label with the whole journal,
 * written by the same update that begins the move, and for a pin a second constraint that marks it, so that a pin is known
 * for ours even where the labels are gone. Says how these are written and read; `MoveProgress` says what to do about them.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { NodeId, TaskId } from "./Ids.ts"
import { journalPrefix } from "./ServiceLabels.ts"

/** The label that holds the journal. */
export const journalLabel = `${journalPrefix}move`

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
  /** What has to be put back, labels excepted (the journal's label is simply removed). */
  changes: Schema.Array(SpecChange)
}

/** One replica, moved by constraint: start-first brings the new task up before the old one ends. */
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

export const MoveJournal = Schema.Union(PinJournal, SurgeJournal)
export type MoveJournal = typeof MoveJournal.Type

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

/** How the user's update order stood when a pin changed it; `absent` where the spec named none. */
export const OriginalOrder = Schema.Literal("start-first", "stop-first", "absent")
export type OriginalOrder = typeof OriginalOrder.Type

/**
 * The constraints of a pin. The second holds on every node (no node has the label) and only marks the first as ours:
 * `node.labels.evenkeel.move!=<operation>.<original order>`.
 */
export const pinConstraints = (to: NodeId, operation: string, order: OriginalOrder): ReadonlyArray<string> => [
  `node.id==${to}`,
  `${markerKey}!=${operation}.${order}`
]

/** A pin found in constraints: what to take out, and the order to put back. */
export interface PinMarker {
  readonly operation: string
  readonly originalOrder: OriginalOrder
  /** The constraints with the pin's two taken out, the user's in their order. */
  readonly without: ReadonlyArray<string>
}

/** The pin in a service's constraints, with or without a journal beside it; null when there is none. */
export const findPin = (constraints: ReadonlyArray<string>): PinMarker | null => {
  const at = constraints.findIndex((constraint) => constraint.replaceAll(" ", "").startsWith(`${markerKey}!=`))
  const marker = constraints[at]
  if (marker === undefined) return null
  const match = /!=([^.]+)\.(start-first|stop-first|absent)$/.exec(marker.replaceAll(" ", ""))
  const pinsBefore = at > 0 && /^node\.id==/.test(constraints[at - 1]?.replaceAll(" ", "") ?? "")
  return {
    operation: match?.[1] ?? "",
    originalOrder: (match?.[2] as OriginalOrder | undefined) ?? "absent",
    without: constraints.filter((_, i) => i !== at && !(pinsBefore && i === at - 1))
  }
}
