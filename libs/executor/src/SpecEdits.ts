/**
 * The edits of a service's spec that begin, withdraw and end a move, on its raw JSON text. What a move writes it records, value
 * by value, so that the end gives back the user's text; where somebody changed the same value in the meantime, only what is
 * the move's own is taken out. Pure; who posts the text and when is `Mover`'s business.
 */
import * as Either from "effect/Either"
import type { NodeId, TaskId } from "@evenkeel/domain/Ids"
import * as Journal from "@evenkeel/domain/MoveJournal"
import type { MoveOrder } from "@evenkeel/domain/Plan"
import type { Service } from "@evenkeel/domain/Service"
import type { Task } from "@evenkeel/domain/Task"
import * as SpecText from "@evenkeel/swarm-client/SpecText"
import { constraintsOf, constraintsPath, originalUpdate, updateChanges } from "./SpecReading.ts"
import { changeAt, giveBack, stillHolds } from "./SpecChanges.ts"
import * as Marks from "./SpecMarks.ts"

const replicasPath: Journal.SpecChange["path"] = ["Mode", "Replicated", "Replicas"]
const journalPath: Journal.SpecChange["path"] = ["Labels", Journal.journalLabel]
const surgePath: Journal.SpecChange["path"] = ["Labels", Journal.surgeLabel]

type Edited<A> = Either.Either<A, SpecText.SpecTextInvalid>

const edit = (specText: string, patch: SpecText.Patch): Edited<string> =>
  Either.map(SpecText.apply(specText, patch), ({ text }) => text)

/** A move as far as the spec is concerned; `Plan.Move` is one. */
export interface Order {
  readonly strategy: Journal.MoveJournal["_tag"]
  /** Pin and empty: `stop-first` leaves a gap. */
  readonly order: MoveOrder
  readonly task: TaskId
  readonly from: NodeId
  readonly to: NodeId
  readonly alternatives: ReadonlyArray<NodeId>
}

export interface Beginning {
  readonly move: Order
  readonly operation: string
  readonly startedAtMillis: number
  readonly deadlineMillis: number
  /** The service as it was read together with `specText`. */
  readonly service: Service
  /** Its tasks that Swarm means to keep. */
  readonly liveTasks: ReadonlyArray<Task>
}

/** The spec that begins the move, and the journal in it. */
export const begin = (
  specText: string,
  beginning: Beginning
): Edited<{ readonly specText: string; readonly journal: Journal.MoveJournal }> => {
  const journal = journalOf(specText, beginning)
  return Either.map(
    edit(specText, [
      ...journal.changes.map(({ path, wrote }) => ({ path, value: wrote })),
      { path: journalPath, value: JSON.stringify(Journal.encode(journal)) },
      ...(journal._tag === "surge"
        ? [{ path: surgePath, value: JSON.stringify(Journal.surgeMark(journal.operation, journal.baseline)) }]
        : [])
    ]),
    (text) => ({ specText: text, journal })
  )
}

const journalOf = (specText: string, beginning: Beginning): Journal.MoveJournal => {
  const { deadlineMillis, liveTasks, move, operation, service, startedAtMillis } = beginning
  const about = {
    ...{ operation, task: move.task, from: move.from, to: move.to, startedAtMillis, deadlineMillis },
    ...(move.order === "stop-first" ? { order: move.order } : {})
  }
  const baseline = service.replicas ?? 0
  const tasks = liveTasks.map(({ id }) => id)
  if (move.strategy === "surge")
    return new Journal.SurgeJournal({
      ...about,
      baseline,
      alternatives: move.alternatives,
      tasks,
      changes: [changeAt(specText, replicasPath, baseline + 1)]
    })
  const original = originalUpdate(specText, move.strategy === "empty")
  const own =
    move.strategy === "pin"
      ? Journal.pinConstraints(move.to, operation, original)
      : Journal.emptyConstraints(move.from, operation, original)
  const changes = [
    changeAt(specText, constraintsPath, [...service.placement.constraints, ...own]),
    ...updateChanges(specText, original, move.order)
  ]
  return move.strategy === "pin"
    ? new Journal.PinJournal({ ...about, changes })
    : new Journal.EmptyJournal({ ...about, changes, baseline, tasks })
}

/**
 * The spec that gives the move up without letting go of where tasks serve: the move's own constraint is replaced. Its journal
 * says so, and still gives the user's spec back.
 */
export const withdraw = (
  specText: string,
  journal: Journal.MoveJournal,
  constraint: string
): Edited<{ readonly specText: string; readonly journal: Journal.MoveJournal }> =>
  Either.gen(function* () {
    const found = constraintsOf(specText)
    const text = yield* edit(specText, [
      { path: constraintsPath, value: JSON.stringify(Journal.withOwnConstraint(found, constraint)) }
    ])
    const changes = journal.changes.map((change) => {
      const isOurs = stillHolds(SpecText.get(specText, change.path), change.wrote)
      return isOurs ? { ...change, wrote: SpecText.get(text, change.path) ?? change.wrote } : change
    })
    const withdrawn = asWithdrawn(journal, changes)
    const value = JSON.stringify(Journal.encode(withdrawn))
    return { specText: yield* edit(text, [{ path: journalPath, value }]), journal: withdrawn }
  })

const asWithdrawn = (journal: Journal.MoveJournal, changes: Journal.MoveJournal["changes"]): Journal.MoveJournal => {
  switch (journal._tag) {
    case "pin":
      return new Journal.PinJournal({ ...journal, changes, withdrawn: true })
    case "empty":
      return new Journal.EmptyJournal({ ...journal, changes, withdrawn: true })
    case "surge":
      return journal
  }
}

/**
 * The user's spec again: every recorded value that still stands as the move wrote it is put back, and the move's labels and
 * constraints are taken out. Without a journal the marks say what to put back. `keepReplicas`: the number is the user's own
 * by now.
 */
export const restore = (
  specText: string,
  journal: Journal.MoveJournal | null,
  { keepReplicas = false }: { readonly keepReplicas?: boolean } = {}
): Edited<string> =>
  Either.gen(function* () {
    const surge = Journal.findSurge(Marks.labelsOf(specText))
    let text = yield* edit(specText, [
      { path: journalPath, value: null },
      { path: surgePath, value: null }
    ])
    if (journal === null) {
      if (surge !== null && !keepReplicas && SpecText.get(text, replicasPath) === String(surge.baseline + 1))
        text = yield* edit(text, [{ path: replicasPath, value: String(surge.baseline) }])
      return yield* Marks.takeOut(text)
    }
    for (const change of journal.changes) {
      const isNumber = change.path.join(".") === replicasPath.join(".")
      if (!(keepReplicas && isNumber)) text = yield* giveBack(text, change)
    }
    return yield* Marks.takeOutConstraints(text)
  })

/** The spec without anything of a move, whichever spec it is: the user's own as far as it can be told from the text. */
export const withoutMoves = (specText: string): Edited<string> => {
  const reading = Journal.read(Marks.labelsOf(specText))
  if (reading._tag === "None" && !Marks.isMarked(specText)) return Either.right(specText)
  return restore(specText, reading._tag === "Found" ? reading.journal : null)
}
