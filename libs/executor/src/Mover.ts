/**
 * Carries out one decision against the engine: begins a move, gives the user's spec back, settles the previous spec. Reads
 * the service anew right before each write and writes with that version, so a decision that has been overtaken fails as
 * `DecisionOvertaken` and changes nothing. Chooses nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { RaftIndex, ServiceId } from "@evenkeel/domain/Ids"
import type * as Journal from "@evenkeel/domain/MoveJournal"
import * as MoveProgress from "@evenkeel/domain/MoveProgress"
import type { Move } from "@evenkeel/domain/Plan"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { stateRank, stateRanks } from "@evenkeel/domain/Task"
import { SwarmClient } from "@evenkeel/swarm-client/SwarmClient"
import * as SpecEdits from "./SpecEdits.ts"

/** The service was written by somebody since the decision was made: it is to be made again from a new reading. */
export class DecisionOvertaken extends Schema.TaggedError<DecisionOvertaken>()("DecisionOvertaken", {
  service: ServiceId,
  decidedOn: RaftIndex,
  found: RaftIndex
}) {
  override get message() {
    return `service ${this.service} was changed since the decision (version ${this.decidedOn}, now ${this.found}); deciding anew`
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

/** Writes the spec that begins the move, its journal included. Answers the journal. */
export const begin = Effect.fn("Mover.begin")(function* (
  snapshot: Snapshot,
  service: Service,
  move: Move,
  moveDeadlineMillis: number
) {
  const client = yield* SwarmClient
  const record = yield* readUnchanged(service)
  const startedAtMillis = yield* Clock.currentTimeMillis
  const edited = yield* SpecEdits.begin(record.specText, {
    move,
    operation: yield* operationName,
    startedAtMillis,
    deadlineMillis: startedAtMillis + moveDeadlineMillis,
    service: record.service,
    liveTasks: snapshot.tasksOfService(service.id).filter((task) => stateRank(task.desired) <= stateRanks.running)
  })
  yield* client.updateService({ id: service.id, version: record.version, specText: edited.specText })
  return edited.journal
})

/** Writes the user's spec again. */
export const restore = Effect.fn("Mover.restore")(function* (service: Service, journal: Journal.MoveJournal | null) {
  const client = yield* SwarmClient
  const record = yield* readUnchanged(service)
  const specText = yield* SpecEdits.restore(record.specText, journal)
  yield* client.updateService({ id: service.id, version: record.version, specText })
})

/** Writes the spec as it is, so that the previous spec no longer holds a move. Restarts nothing. */
export const settle = Effect.fn("Mover.settle")(function* (service: Service) {
  const client = yield* SwarmClient
  const record = yield* readUnchanged(service)
  if (!MoveProgress.isTouched(record.service)) return
  yield* client.updateService({ id: service.id, version: record.version, specText: record.specText })
})
