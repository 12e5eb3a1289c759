/**
 * Makes a failing game smaller: leaves out moves, halves before single ones (after Zeller and Hildebrandt, Simplifying and
 * Isolating Failure-Inducing Input, 2002), as long as it still fails in the same way.
 */
import { type Game, replay } from "./Game.ts"
import type { Move } from "./Command.ts"

/** The kind of a violation: its words without ids, numbers and the move. */
export const kindOf = (violation: string): string =>
  violation
    .replace(/^move \d+ \([^)]*\): |^[a-z ]+: /, "")
    .replace(/\b[a-z0-9]{25}\b/g, "…")
    .replace(/\d+/g, "#")

/** At most `tries` games are played for it. */
export const shrink = (game: Game, violation: string, tries = 400): Game => {
  const kind = kindOf(violation)
  let left = tries
  let best = game
  const fails = (moves: ReadonlyArray<Move>): boolean => {
    left--
    return replay({ ...game, moves }).violations.some((each) => kindOf(each) === kind)
  }
  for (let size = Math.ceil(best.moves.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < best.moves.length && left > 0;) {
      const moves = [...best.moves.slice(0, from), ...best.moves.slice(from + size)]
      if (fails(moves)) best = { ...best, moves }
      else from += size
    }
  return best
}
