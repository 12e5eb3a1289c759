/** Waiting for a condition with a deadline: the lab never sleeps for a guessed time. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

/** A condition did not come true in time. */
export class LabDeadlineExceeded extends Schema.TaggedError<LabDeadlineExceeded>()("LabDeadlineExceeded", {
  awaited: Schema.String,
  deadlineMs: Schema.Number,
  hint: Schema.String
}) {
  override get message(): string {
    return `Waited ${this.deadlineMs / 1000} s in vain: ${this.awaited}. ${this.hint}`
  }
}

/**
 * Asks every 100 ms until the answer is yes. `hint` is asked for only when the deadline passes and ends the message
 * (the last lines of a log, say).
 */
export const until = <E, R, R2 = never>(
  awaited: string,
  condition: Effect.Effect<boolean, E, R>,
  deadline: Duration.DurationInput,
  hint: Effect.Effect<string, never, R2> = Effect.succeed("")
): Effect.Effect<void, E | LabDeadlineExceeded, R | R2> =>
  condition.pipe(
    Effect.repeat({ until: (met) => met, schedule: Schedule.spaced("100 millis") }),
    Effect.asVoid,
    Effect.timeoutFail({ duration: deadline, onTimeout: () => "late" as const }),
    Effect.catchIf(
      (error): error is "late" => error === "late",
      () =>
        Effect.flatMap(
          hint,
          (text) => new LabDeadlineExceeded({ awaited, deadlineMs: Duration.toMillis(deadline), hint: text })
        )
    )
  )
