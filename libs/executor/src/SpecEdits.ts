/**
 * The edits of a service's spec that begin and end a move, on its raw JSON text. What a move writes it records, value by
 * value, so that the end gives back the user's text; where somebody changed the same value in the meantime, only what is the
 * move's own is taken out. Pure; who posts the text and when is `Mover`'s business.
 */
import * as Either from "effect/Either"
import * as Journal from "@evenkeel/domain/MoveJournal"
import type { Move } from "@evenkeel/domain/Plan"
import type { Service } from "@evenkeel/domain/Service"
import type { Task } from "@evenkeel/domain/Task"
import * as SpecText from "@evenkeel/swarm-client/SpecText"

type Path = Journal.SpecChange["path"]

const constraintsPath: Path = ["TaskTemplate", "Placement", "Constraints"]
const orderPath: Path = ["UpdateConfig", "Order"]
const replicasPath: Path = ["Mode", "Replicated", "Replicas"]
const journalPath: Path = ["Labels", Journal.journalLabel]

/**
 * The change that puts `value` at `path`. Where an object on the way is missing, the change is the whole object that has to
 * be made, so that its removal leaves nothing behind.
 */
const changeAt = (specText: string, path: Path, value: unknown): Journal.SpecChange => {
  const [first, ...rest] = path
  for (let depth = 0; depth < rest.length; depth++) {
    const ancestor: Path = [first, ...rest.slice(0, depth)]
    const text = SpecText.get(specText, ancestor)
    if (text !== undefined && text !== "null") continue
    const made = rest.slice(depth).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
    return { path: ancestor, wrote: JSON.stringify(made), was: text ?? null }
  }
  return { path, wrote: JSON.stringify(value), was: SpecText.get(specText, path) ?? null }
}

type Edited<A> = Either.Either<A, SpecText.SpecTextInvalid>

const edit = (specText: string, patch: SpecText.Patch): Edited<string> =>
  Either.map(SpecText.apply(specText, patch), ({ text }) => text)

const withJournal = (specText: string, journal: Journal.MoveJournal): Edited<string> =>
  edit(specText, [
    ...journal.changes.map(({ path, wrote }) => ({ path, value: wrote })),
    { path: journalPath, value: JSON.stringify(Journal.encode(journal)) }
  ])

export interface Beginning {
  readonly move: Move
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
  return Either.map(withJournal(specText, journal), (text) => ({ specText: text, journal }))
}

const journalOf = (
  specText: string,
  { move, operation, startedAtMillis, deadlineMillis, service, liveTasks }: Beginning
): Journal.MoveJournal => {
  const about = { operation, task: move.task, from: move.from, to: move.to, startedAtMillis, deadlineMillis }
  if (move.strategy === "surge") {
    const baseline = service.replicas ?? 0
    return new Journal.SurgeJournal({
      ...about,
      baseline,
      alternatives: move.alternatives,
      tasks: liveTasks.map(({ id }) => id),
      changes: [changeAt(specText, replicasPath, baseline + 1)]
    })
  }
  const orderText = SpecText.get(specText, orderPath)
  const originalOrder =
    orderText === undefined ? "absent" : orderText === '"start-first"' ? "start-first" : "stop-first"
  const constraints = [...service.placement.constraints, ...Journal.pinConstraints(move.to, operation, originalOrder)]
  return new Journal.PinJournal({
    ...about,
    changes: [
      changeAt(specText, constraintsPath, constraints),
      ...(originalOrder === "start-first" ? [] : [changeAt(specText, orderPath, "start-first")])
    ]
  })
}

/** Whether everything that was written is still there; what the engine or somebody added beside it does not matter. */
const stillHolds = (found: unknown, wrote: unknown): boolean => {
  if (Array.isArray(wrote))
    return Array.isArray(found) && found.length === wrote.length && wrote.every((item, i) => stillHolds(found[i], item))
  if (typeof wrote === "object" && wrote !== null)
    return (
      typeof found === "object" &&
      found !== null &&
      Object.entries(wrote).every(([key, value]) => stillHolds((found as Record<string, unknown>)[key], value))
    )
  return Object.is(found, wrote)
}

/**
 * The user's spec again: every recorded value that still stands as the move wrote it is put back, the journal's label and
 * what is left of a pin are taken out. Without a journal the pin's own marker says what to put back.
 */
export const restore = (specText: string, journal: Journal.MoveJournal | null): Edited<string> =>
  Either.gen(function* () {
    let text = yield* edit(specText, [{ path: journalPath, value: null }])
    for (const { path, wrote, was } of journal?.changes ?? []) {
      const found = SpecText.get(text, path)
      if (found !== undefined && stillHolds(JSON.parse(found), JSON.parse(wrote)))
        text = yield* edit(text, [{ path, value: was }])
    }
    return yield* withoutPin(text)
  })

const withoutPin = (specText: string): Edited<string> => {
  const constraintsText = SpecText.get(specText, constraintsPath)
  const constraints: unknown = constraintsText === undefined ? null : JSON.parse(constraintsText)
  const pin = Array.isArray(constraints) ? Journal.findPin(constraints.map(String)) : null
  if (pin === null) return Either.right(specText)
  const isOrderOurs = pin.originalOrder !== "start-first" && SpecText.get(specText, orderPath) !== undefined
  return edit(specText, [
    { path: constraintsPath, value: pin.without.length === 0 ? null : JSON.stringify(pin.without) },
    ...(isOrderOurs
      ? [{ path: orderPath, value: pin.originalOrder === "absent" ? null : JSON.stringify(pin.originalOrder) }]
      : [])
  ])
}
