/** Asks again and again until an answer holds; the caller bounds it. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** The first answer that holds; `every` passes between two questions. */
export const poll = <A, E, R>(
  ask: Effect.Effect<A, E, R>,
  every: Duration.DurationInput,
  holds: (answer: A) => boolean
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    for (;;) {
      const answer = yield* ask
      if (holds(answer)) return answer
      yield* Effect.sleep(every)
    }
  })
