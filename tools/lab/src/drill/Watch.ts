/**
 * Follows the Swarm from outside through one phase after another: reads a manager that answers, notes what changed as a
 * timeline, and waits for conditions on what was read. Level-triggered: a condition is asked of each reading.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as EngineReader from "./EngineReader.ts"
import { poll } from "./Poll.ts"
import { formatPlacements, type Placements, placementsOf, type Spread } from "./Observation.ts"

export class DrillDeadlinePassed extends Schema.TaggedError<DrillDeadlinePassed>()("DrillDeadlinePassed", {
  waitedFor: Schema.String,
  seconds: Schema.Number,
  lastSeen: Schema.String
}) {
  override get message() {
    return `waited ${this.seconds} s in vain for ${this.waitedFor}; last seen: ${this.lastSeen}`
  }
}

export interface TimelineEntry {
  readonly atMillis: number
  readonly text: string
}

export interface WatchOptions {
  readonly engines: ReadonlyArray<EngineReader.EngineSocket>
  /** What is followed as it is spread. */
  readonly spreads: ReadonlyArray<Spread>
  /** Called for each new entry: progress for a person who waits. */
  readonly onEntry: (entry: TimelineEntry) => Effect.Effect<void>
}

export interface Seen {
  readonly swarm: EngineReader.SwarmReading
  readonly placements: Placements
}

export interface Watch {
  /** One reading by the first engine that answers, those named in `avoid` left out. */
  readonly look: (avoid?: string) => Effect.Effect<Seen, EngineReader.EngineReadFailed>
  /** Reads every 200 ms until `holds`; fails with what was seen last when `seconds` have passed. */
  readonly until: (
    waitedFor: string,
    seconds: number,
    holds: (seen: Seen) => boolean,
    avoid?: string
  ) => Effect.Effect<Seen, DrillDeadlinePassed>
  readonly note: (text: string) => Effect.Effect<void>
  readonly timeline: Effect.Effect<ReadonlyArray<TimelineEntry>>
}

const readingInterval = "200 millis"

/** `n1 ready*, n2 ready, n3 down`, the leader marked. */
const describeNodes = (seen: Seen): string =>
  seen.swarm.nodes.map(({ name, state, leader }) => `${name} ${state}${leader ? "*" : ""}`).join(", ")

const describe = (seen: Seen): string => `${describeNodes(seen)}; ${formatPlacements(seen.placements)}`

export const make = Effect.fn("Watch.make")(function* ({ engines, spreads, onEntry }: WatchOptions) {
  const entries = yield* Ref.make<ReadonlyArray<TimelineEntry>>([])
  const lastDescribed = yield* Ref.make("")

  const note = Effect.fn(function* (text: string) {
    const entry = { atMillis: yield* Clock.currentTimeMillis, text }
    yield* Ref.update(entries, (all) => [...all, entry])
    yield* onEntry(entry)
  })

  const look: Watch["look"] = Effect.fn(function* (avoid?: string) {
    const asked = engines.filter(({ name }) => name !== avoid)
    const swarm = yield* Effect.firstSuccessOf(asked.map(EngineReader.swarm))
    const nodes = swarm.nodes.map(({ name }) => name)
    const seen = { swarm, placements: placementsOf(nodes, spreads, swarm.tasks) }
    const described = describe(seen)
    const before = yield* Ref.getAndSet(lastDescribed, described)
    if (before !== described) yield* note(described)
    return seen
  })

  const until: Watch["until"] = (waitedFor, seconds, holds, avoid) =>
    Effect.gen(function* () {
      const lastSeen = yield* Ref.make("nothing")
      const attempt = look(avoid).pipe(
        Effect.tap((seen) => Ref.set(lastSeen, describe(seen))),
        Effect.tapError((error) => Ref.set(lastSeen, error.message)),
        Effect.option
      )
      const found = yield* poll(attempt, readingInterval, (seen) => Option.isSome(seen) && holds(seen.value)).pipe(
        Effect.timeoutOption(seconds * 1_000),
        Effect.map(Option.flatten)
      )
      if (Option.isSome(found)) return found.value
      return yield* new DrillDeadlinePassed({ waitedFor, seconds, lastSeen: yield* Ref.get(lastSeen) })
    })

  return { look, until, note, timeline: Ref.get(entries) } satisfies Watch
})
