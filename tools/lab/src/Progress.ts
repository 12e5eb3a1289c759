/** What the lab is doing, for people: one line each on stderr. Results go to stdout, elsewhere. */
import * as Console from "effect/Console"
import type * as Effect from "effect/Effect"

/** Says one line. */
export const say = (line: string): Effect.Effect<void> => Console.error(`lab: ${line}`)
