/**
 * Loads what a command does when it is run, so that `evenkeel version` does not pay for the planner. A command's module holds
 * its words, options and help; its action, under the same name in `actions`, the rest.
 */
import * as Effect from "effect/Effect"

/** The action of a module that is loaded now. */
export const lazily =
  <Given, A, E, R>(load: () => Promise<{ readonly run: (given: Given) => Effect.Effect<A, E, R> }>) =>
  (given: Given): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.promise(load), ({ run }) => run(given))
