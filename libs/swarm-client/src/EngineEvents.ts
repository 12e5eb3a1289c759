/**
 * The engine's events of the whole Swarm as an endless stream. It reconnects by itself and asks for what it missed, and says
 * each time that it did: events can be lost (the engine keeps 256 and drops what a slow reader does not take), so they only
 * tell when to read again, never what is true. There are no events of tasks.
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as Decoding from "./Decoding.ts"
import type { EngineCalls } from "./EngineCalls.ts"
import type { EngineAnswerMalformed, EngineError } from "./EngineErrors.ts"
import { WireEvent } from "./WireEngine.ts"

export class EngineEvent extends Data.TaggedClass("EngineEvent")<{
  /** `node`, `service` or `network`. */
  readonly type: string
  /** `create`, `update` or `remove`. */
  readonly action: string
  /** The object's id. */
  readonly id: string
  /** What changed, as far as the engine says: `state.old`, `state.new`, `replicas.new`, `updatestate.new`, … */
  readonly attributes: Readonly<Record<string, string>>
  /** Nanoseconds since the epoch, as decimal digits: they exceed 2^53. Empty when the engine sent none. */
  readonly timeNano: string
}> {}

/** A connection stands. Whatever happened before it may be unknown: read everything. */
export class EventsConnected extends Data.TaggedClass("EventsConnected")<{
  /** From when on the engine was asked for; null for "from now on". */
  readonly since: string | null
}> {}

export type EngineNotice = EngineEvent | EventsConnected

export interface EventsOptions {
  /** Nanoseconds since the epoch, as `EngineEvent.timeNano` gives them; absent for "from now on". */
  readonly since?: string | undefined
}

const longestBackOff = Duration.seconds(5)
const shortestBackOff = Duration.millis(100)

/** 100 ms, 200 ms, … up to 5 s. */
export const backOff = (failures: number): Duration.Duration =>
  Duration.min(Duration.times(shortestBackOff, 2 ** Math.min(failures, 10)), longestBackOff)

/** `since` of the API is seconds with a fraction, and includes its own instant: ask from one nanosecond later. */
export const sinceParameter = (timeNano: string): string => {
  const digits = String(BigInt(timeNano) + 1n).padStart(10, "0")
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}

/** `timeNano` is beyond 2^53: its digits are taken from the text. */
const timeNanoOf = (line: string): string => /"timeNano"\s*:\s*(\d+)/.exec(line)?.[1] ?? ""

/** One line of the stream. */
export const decodeEvent = (line: string): Either.Either<EngineEvent, EngineAnswerMalformed> =>
  Either.gen(function* () {
    const json = yield* Decoding.parseJson("events", line)
    const wire = yield* Decoding.decode(WireEvent, "events", "an event", json)
    return new EngineEvent({
      type: wire.Type,
      action: wire.Action,
      id: wire.Actor?.ID ?? "",
      attributes: wire.Actor?.Attributes ?? {},
      timeNano: timeNanoOf(line)
    })
  })

const filters = JSON.stringify({ scope: ["swarm"], type: ["node", "service", "network"] })

/** Never ends and never fails: what goes wrong is logged, and tried again. */
export const make = (calls: EngineCalls, options: EventsOptions = {}): Stream.Stream<EngineNotice> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const since = yield* Ref.make<string | null>(options.since ?? null)
      const failures = yield* Ref.make(0)

      const event = (line: string) =>
        Either.match(decodeEvent(line), {
          onLeft: (problem) => Effect.as(Effect.logWarning(problem.message), []),
          onRight: (event) => Effect.as(event.timeNano === "" ? Effect.void : Ref.set(since, event.timeNano), [event])
        })

      const session: Stream.Stream<EngineNotice, EngineError> = Stream.unwrapScoped(
        Effect.gen(function* () {
          const from = yield* Ref.get(since)
          const query = { filters, ...(from === null ? {} : { since: sinceParameter(from) }) }
          const answer = yield* calls.open({ operation: "events", method: "GET", path: "/events", query })
          yield* Ref.set(failures, 0)
          const events = answer.chunks.pipe(
            Stream.decodeText("utf-8"),
            Stream.splitLines,
            Stream.filter((line) => line.trim() !== ""),
            Stream.mapEffect(event),
            Stream.mapConcat((events) => events)
          )
          return Stream.concat(Stream.make(new EventsConnected({ since: from })), events)
        })
      )

      const pause = Effect.gen(function* () {
        const failed = yield* Ref.getAndUpdate(failures, (count) => count + 1)
        yield* Effect.sleep(backOff(failed))
      })

      return session.pipe(
        Stream.catchAll((error) => Stream.execute(Effect.logWarning(`The event stream broke: ${error.message}`))),
        Stream.concat(Stream.execute(pause)),
        Stream.forever
      )
    })
  )
