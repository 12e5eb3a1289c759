/** The moves that are under way in a snapshot, and when all known moves began: what the limits count. */
import * as Journal from "@evenkeel/domain/MoveJournal"
import type { MoveJournal } from "@evenkeel/domain/MoveJournal"
import type { Service } from "@evenkeel/domain/Service"
import type { NodeId, ServiceId } from "@evenkeel/domain/Ids"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { BrakeInput } from "./Brake.ts"

export interface OpenMove {
  readonly service: Service
  readonly journal: MoveJournal
}

export const of = (snapshot: Snapshot): ReadonlyArray<OpenMove> =>
  snapshot.services.flatMap((service) => {
    const reading = Journal.read(service.labels)
    return reading._tag === "Found" ? [{ service, journal: reading.journal }] : []
  })

export interface Start {
  readonly service: ServiceId
  readonly nodes: ReadonlyArray<NodeId>
  readonly atMillis: number
}

/** Every known beginning of a move, those under way included, each once. */
export const starts = ({ snapshot, state }: Pick<BrakeInput, "snapshot" | "state">): ReadonlyArray<Start> => {
  const open = of(snapshot)
  const underWay = new Set(open.map(({ journal }) => journal.operation))
  return [
    ...open.map(({ journal, service }) => ({
      service: service.id,
      nodes: [journal.from, journal.to],
      atMillis: journal.startedAtMillis
    })),
    ...state.history
      .filter(({ operation }) => !underWay.has(operation))
      .map(({ from, service, startedAtMillis, to }) => ({ service, nodes: [from, to], atMillis: startedAtMillis }))
  ]
}
