/**
 * The Swarm read again and again: an endless stream of readings. Level-triggered: events, and whoever is in a hurry, only make
 * the next reading come sooner; what is true is always read. A reading that fails is an element like others, so that consumers
 * know how old their knowledge is. It decides when to read, never what to conclude.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { EngineAnswerMalformed, EngineError } from "./EngineErrors.ts"
import type { EngineNotice } from "./EngineEvents.ts"
import * as Pace from "./Pace.ts"

export class SnapshotReading extends Data.TaggedClass("SnapshotReading")<{
  readonly snapshot: Snapshot
  /** Objects that could not be decoded: they are missing in the snapshot. */
  readonly problems: ReadonlyArray<EngineAnswerMalformed>
  readonly tookMillis: number
  /** What this process worked meanwhile, in milliseconds of CPU; absent where nobody measured. */
  readonly ownCpuMillis?: number
}> {}

export class SnapshotFailure extends Data.TaggedClass("SnapshotFailure")<{
  readonly error: EngineError
  /** How many readings have failed in a row, this one included. */
  readonly failures: number
  /** Milliseconds since the epoch at which the failed reading began. */
  readonly readAtMillis: number
}> {}

export type SnapshotElement = SnapshotReading | SnapshotFailure

export interface SnapshotsOptions {
  /** Milliseconds between the beginnings of two readings while nothing happens. Defaults to 1000. */
  readonly idleIntervalMs?: number | undefined
  /** The same while an event, a rolling update, a starting or stopping task or a hurry is fresh. Defaults to 200. */
  readonly busyIntervalMs?: number | undefined
  /** How long an event or a hurry is fresh, in milliseconds. Defaults to 5000. */
  readonly freshForMs?: number | undefined
}

/** Who is in a hurry, told to every stream of snapshots; the last one is remembered for streams that begin later. */
export interface Hurries {
  readonly hurry: Effect.Effect<void>
  readonly lastAtMillis: Ref.Ref<number>
  readonly pubsub: PubSub.PubSub<void>
}

export const makeHurries: Effect.Effect<Hurries> = Effect.gen(function* () {
  const pubsub = yield* PubSub.sliding<void>(1)
  const lastAtMillis = yield* Ref.make(Number.NEGATIVE_INFINITY)
  const hurry = Effect.gen(function* () {
    yield* Ref.set(lastAtMillis, yield* Clock.currentTimeMillis)
    yield* PubSub.publish(pubsub, undefined)
  })
  return { hurry, lastAtMillis, pubsub }
})

/** Readings of what has changed alone, where the whole is too large to be read that often. */
export interface Between {
  /** Takes an event in: what it tells of is read next. */
  readonly note: (notice: EngineNotice) => Effect.Effect<void>
  /** Whether there is something that is worth such a reading. */
  readonly isWanted: Effect.Effect<boolean>
  readonly reading: Effect.Effect<SnapshotReading, EngineError>
}

export interface Sources {
  readonly reading: Effect.Effect<SnapshotReading, EngineError>
  readonly between?: Between | undefined
  readonly events: Stream.Stream<EngineNotice>
  readonly hurries: Hurries
}

interface State {
  /** Of the last reading of everything; null before the first. */
  readonly lastStartMillis: number | null
  /** Of the last reading of what changed; negative infinity before the first. */
  readonly lastBetweenMillis: number
  readonly betweenCostsMillis: ReadonlyArray<number>
  /** Of the last successful readings, the youngest last. */
  readonly costsMillis: ReadonlyArray<number>
  /** In a row. */
  readonly failures: number
  readonly isSwarmBusy: boolean
}

const before: State = {
  lastStartMillis: null,
  lastBetweenMillis: Number.NEGATIVE_INFINITY,
  betweenCostsMillis: [],
  costsMillis: [],
  failures: 0,
  isSwarmBusy: false
}

const withCost = (costs: ReadonlyArray<number>, cost: number) => [...costs, cost].slice(-Pace.rememberedCosts)

/** Each stream has an event connection of its own. Reads only when the consumer takes the element. */
export const make = (sources: Sources, options: SnapshotsOptions = {}): Stream.Stream<SnapshotElement> => {
  const pace: Pace.Pace = {
    idleIntervalMs: options.idleIntervalMs ?? Pace.defaults.idleIntervalMs,
    busyIntervalMs: options.busyIntervalMs ?? Pace.defaults.busyIntervalMs,
    freshForMs: options.freshForMs ?? Pace.defaults.freshForMs
  }
  return Stream.unwrapScoped(
    Effect.gen(function* () {
      const wakes = yield* Queue.sliding<void>(1)
      const lastEventMillis = yield* Ref.make(Number.NEGATIVE_INFINITY)
      const onEvent = Effect.fnUntraced(function* (notice: EngineNotice) {
        if (sources.between !== undefined) yield* sources.between.note(notice)
        yield* Ref.set(lastEventMillis, yield* Clock.currentTimeMillis)
        yield* Queue.offer(wakes, undefined)
      })
      const hurried = yield* PubSub.subscribe(sources.hurries.pubsub)
      yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Queue.take(hurried), Queue.offer(wakes, undefined))))
      yield* Effect.forkScoped(Stream.runForEach(sources.events, onEvent))

      const isFresh = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const last = Math.max(yield* Ref.get(lastEventMillis), yield* Ref.get(sources.hurries.lastAtMillis))
        return now - last < pace.freshForMs
      })

      const intervalMs = Effect.fnUntraced(function* (state: State) {
        if (state.failures > 0) return Pace.failureIntervalMs(pace, state.failures)
        return Pace.intervalMs(pace, state.isSwarmBusy || (yield* isFresh), state.costsMillis)
      })

      /** When the next reading of what changed is due; infinity while nothing has, or the last reading failed. */
      const betweenDueMillis = Effect.fnUntraced(function* (state: State) {
        const { between } = sources
        if (between === undefined || state.failures > 0 || !(yield* between.isWanted)) return Number.POSITIVE_INFINITY
        const last = Math.max(state.lastBetweenMillis, state.lastStartMillis ?? 0)
        return last + Pace.intervalMs(pace, true, state.betweenCostsMillis)
      })

      /** Ends when the next reading is due, and tells which; a wake may bring that forward. */
      const waitUntilDue = (state: State, lastStartMillis: number): Effect.Effect<"all" | "changes"> =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const allDue = lastStartMillis + (yield* intervalMs(state))
          const changesDue = yield* betweenDueMillis(state)
          if (allDue <= now) return "all"
          if (changesDue <= now) return "changes"
          const due = Effect.as(Effect.sleep(Math.min(allDue, changesDue) - now), true)
          if (yield* Effect.race(due, Effect.as(Queue.take(wakes), false)))
            return allDue <= changesDue ? "all" : "changes"
          return yield* waitUntilDue(state, lastStartMillis)
        })

      const after = (state: State, element: SnapshotElement, kind: "all" | "changes", startMillis: number): State => {
        const begun = kind === "all" ? { lastStartMillis: startMillis } : { lastBetweenMillis: startMillis }
        if (element._tag === "SnapshotFailure") return { ...state, ...begun, failures: element.failures }
        const cost = Pace.costOf(element.tookMillis, element.ownCpuMillis)
        const costs =
          kind === "all"
            ? { costsMillis: withCost(state.costsMillis, cost) }
            : { betweenCostsMillis: withCost(state.betweenCostsMillis, cost) }
        return { ...state, ...begun, ...costs, failures: 0, isSwarmBusy: Pace.isSwarmBusy(element.snapshot) }
      }

      const read = Effect.fnUntraced(function* (state: State) {
        const kind = state.lastStartMillis === null ? "all" : yield* waitUntilDue(state, state.lastStartMillis)
        const startMillis = yield* Clock.currentTimeMillis
        const reading = kind === "changes" && sources.between !== undefined ? sources.between.reading : sources.reading
        const element: SnapshotElement = yield* Effect.catchAll(reading, (error) =>
          Effect.succeed(new SnapshotFailure({ error, failures: state.failures + 1, readAtMillis: startMillis }))
        )
        return Option.some([element, after(state, element, kind, startMillis)] as const)
      })

      return Stream.unfoldEffect(before, read)
    })
  )
}
