/**
 * Carries out one decision against the engine: begins a move, withdraws it, gives the user's spec back, settles the previous
 * spec. Before each write it reads the Swarm anew and asks again whether the step still does what it is meant to; it writes
 * with the version it has read, so a decision that has been overtaken fails and changes nothing. Chooses nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { RaftIndex, ServiceId } from "@evenkeel/domain/Ids"
import type * as Journal from "@evenkeel/domain/MoveJournal"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import * as Prediction from "@evenkeel/domain/moves/Prediction"
import { liveTasks } from "@evenkeel/domain/moves/Step"
import type { Service } from "@evenkeel/domain/Service"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as PreviousSpecs from "./PreviousSpecs.ts"
import * as SpecEdits from "./SpecEdits.ts"

/** Represents a service that somebody wrote since the decision was made: it is to be made again from a new reading. */
export class DecisionOvertaken extends Schema.TaggedError<DecisionOvertaken>()("DecisionOvertaken", {
  service: ServiceId,
  decidedOn: RaftIndex,
  found: RaftIndex
}) {
  override get message() {
    return `service ${this.service} was changed since the decision (version ${this.decidedOn}, now ${this.found}); deciding anew`
  }
}

/** Represents a step that would not do what it is meant to as the Swarm is now: nothing was written. */
export class StepRefused extends Schema.TaggedError<StepRefused>()("StepRefused", {
  service: ServiceId,
  serviceName: Schema.String,
  step: Schema.Literal("begin", "restore"),
  because: Schema.String
}) {
  override get message() {
    return `${this.step === "begin" ? "the move" : "the end of the move"} of ${this.serviceName} is put off: ${this.because}; deciding anew`
  }
}

const readUnchanged = Effect.fn("Mover.readUnchanged")(function* (service: Service) {
  const client = yield* SwarmClient
  const record = yield* client.service(service.id)
  if (record.service.version !== service.version)
    return yield* new DecisionOvertaken({
      service: service.id,
      decidedOn: service.version,
      found: record.service.version
    })
  return record
})

/** An operation's name: short, unique among the moves anybody will look at together. */
const operationName = Effect.map(
  Effect.all([Clock.currentTimeMillis, Random.nextIntBetween(0, 36 ** 4)]),
  ([now, salt]) => `${now.toString(36)}${salt.toString(36).padStart(4, "0")}`
)

/**
 * Writes the spec that begins the move, its journal included, after the user's own previous spec has been kept. Answers the
 * journal. `moveDeadlineMillis` is for one task: leaving a node with several takes as many times as long.
 */
export const begin = Effect.fn("Mover.begin")(function* (
  service: Service,
  move: SpecEdits.Order,
  moveDeadlineMillis: number
) {
  const client = yield* SwarmClient
  const { snapshot } = yield* client.readingFor(service.id)
  const record = yield* readUnchanged(service)
  const because = Prediction.refusal(snapshot, record.service, move)
  if (because !== null)
    return yield* new StepRefused({ service: service.id, serviceName: service.name, step: "begin", because })
  yield* PreviousSpecs.keep(record)
  const live = liveTasks({ snapshot, service })
  const leaving = move.strategy === "empty" ? live.filter(({ node }) => node === move.from).length : 1
  const startedAtMillis = yield* Clock.currentTimeMillis
  const edited = yield* SpecEdits.begin(record.specText, {
    move,
    operation: yield* operationName,
    startedAtMillis,
    deadlineMillis: startedAtMillis + moveDeadlineMillis * leaving,
    service: record.service,
    liveTasks: live
  })
  yield* client.updateService({ id: service.id, version: record.version, specText: edited.specText })
  return edited.journal
})

/** Replaces the move's constraint by one that keeps the tasks that serve; gives the journal as it then is. */
export const withdraw = Effect.fn("Mover.withdraw")(function* (
  service: Service,
  journal: Journal.MoveJournal,
  constraint: string
) {
  const client = yield* SwarmClient
  const record = yield* readUnchanged(service)
  const edited = yield* SpecEdits.withdraw(record.specText, journal, constraint)
  yield* client.updateService({ id: service.id, version: record.version, specText: edited.specText })
  return edited.journal
})

/** Writes the user's spec again, unless that would cost a task that serves by now. */
export const restore = Effect.fn("Mover.restore")(function* (service: Service, journal: Journal.MoveJournal | null) {
  const client = yield* SwarmClient
  const { snapshot } = yield* client.readingFor(service.id)
  const record = yield* readUnchanged(service)
  const because = MoveProgress.hazardOfRestore({ snapshot, service: record.service })
  if (because !== null)
    return yield* new StepRefused({ service: service.id, serviceName: service.name, step: "restore", because })
  yield* PreviousSpecs.keep(record)
  const keepReplicas = MoveProgress.areReplicasAdopted(record.service)
  const specText = yield* SpecEdits.restore(record.specText, journal, { keepReplicas })
  yield* client.updateService({ id: service.id, version: record.version, specText })
})

/**
 * Writes the spec as it is, so that the previous spec no longer holds a move. Restarts nothing. Afterwards previous specs that
 * are kept for nothing any more are removed; where that fails the next move tries again.
 */
export const settle = Effect.fn("Mover.settle")(function* (service: Service) {
  const client = yield* SwarmClient
  const record = yield* readUnchanged(service)
  if (!MoveProgress.isTouched(record.service)) return
  yield* PreviousSpecs.keep(record)
  yield* client.updateService({ id: service.id, version: record.version, specText: record.specText })
  yield* PreviousSpecs.sweep().pipe(
    Effect.catchAll((error) => Effect.logDebug(`kept previous specs are not swept: ${error.message}`))
  )
})
