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

export interface Sources {
  readonly reading: Effect.Effect<SnapshotReading, EngineError>
  readonly events: Stream.Stream<EngineNotice>
  readonly hurries: Hurries
}

interface State {
  /** Null before the first reading. */
  readonly lastStartMillis: number | null
  /** Of the last successful readings, the youngest last. */
  readonly costsMillis: ReadonlyArray<number>
  /** In a row. */
  readonly failures: number
  readonly isSwarmBusy: boolean
}

const before: State = { lastStartMillis: null, costsMillis: [], failures: 0, isSwarmBusy: false }

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
      const onEvent = Effect.gen(function* () {
        yield* Ref.set(lastEventMillis, yield* Clock.currentTimeMillis)
        yield* Queue.offer(wakes, undefined)
      })
      const hurried = yield* PubSub.subscribe(sources.hurries.pubsub)
      yield* Effect.forkScoped(Effect.forever(Effect.zipRight(Queue.take(hurried), Queue.offer(wakes, undefined))))
      yield* Effect.forkScoped(Stream.runForEach(sources.events, () => onEvent))

      const isFresh = Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const last = Math.max(yield* Ref.get(lastEventMillis), yield* Ref.get(sources.hurries.lastAtMillis))
        return now - last < pace.freshForMs
      })

      const intervalMs = Effect.fnUntraced(function* (state: State) {
        if (state.failures > 0) return Pace.failureIntervalMs(pace, state.failures)
        return Pace.intervalMs(pace, state.isSwarmBusy || (yield* isFresh), state.costsMillis)
      })

      /** Returns when the next reading is due; a wake may bring that forward. */
      const waitUntilDue = (state: State, lastStartMillis: number): Effect.Effect<void> =>
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const remaining = lastStartMillis + (yield* intervalMs(state)) - now
          if (remaining <= 0) return
          const isDue = yield* Effect.race(
            Effect.as(Effect.sleep(remaining), true),
            Effect.as(Queue.take(wakes), false)
          )
          if (!isDue) yield* waitUntilDue(state, lastStartMillis)
        })

      const read = Effect.fnUntraced(function* (state: State) {
        if (state.lastStartMillis !== null) yield* waitUntilDue(state, state.lastStartMillis)
        const lastStartMillis = yield* Clock.currentTimeMillis
        const element: SnapshotElement = yield* Effect.catchAll(sources.reading, (error) =>
          Effect.succeed(new SnapshotFailure({ error, failures: state.failures + 1, readAtMillis: lastStartMillis }))
        )
        const next: State =
          element._tag === "SnapshotFailure"
            ? { ...state, lastStartMillis, failures: element.failures }
            : {
                lastStartMillis,
                costsMillis: [...state.costsMillis, element.tookMillis].slice(-Pace.rememberedCosts),
                failures: 0,
                isSwarmBusy: Pace.isSwarmBusy(element.snapshot)
              }
        return Option.some([element, next] as const)
      })

      return Stream.unfoldEffect(before, read)
    })
  )
}
