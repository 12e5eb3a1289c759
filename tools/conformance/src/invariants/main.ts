/** `conformance:invariants`: plays games seed after seed and says which did not hold. See `--help`. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Flags, FlagsInvalid, help, parse } from "./Flags.ts"
import { type Game, play, type Played } from "./Game.ts"
import { shrink } from "./Shrink.ts"

interface Failure {
  readonly seed: number
  readonly violations: ReadonlyArray<string>
  /** The file with the game made small, where it was asked for. */
  readonly kept: string | null
}

interface Result {
  readonly games: number
  readonly commits: number
  readonly playedTwice: number
  readonly failures: ReadonlyArray<Failure>
}

/** Violations of one game that are said. */
const mostSaid = 3

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const isDue = (flags: Flags, game: number): boolean => flags.twice > 0 && game % flags.twice === 0

/** Null where both are equal. */
const difference = (first: Played, flags: Flags): string | null => {
  const second = play(first.game.seed, flags.moves, { digest: true })
  return second.digest === first.digest && second.commits === first.commits
    ? null
    : `two games of this seed differ: ${first.commits} and ${second.commits} commits, ${first.digest} and ${second.digest}`
}

const keepGame = (folder: string, game: Game, violation: string): string => {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `seed-${game.seed}.json`)
  writeFileSync(path, `${JSON.stringify({ violation, ...shrink(game, violation) }, null, 1)}\n`)
  return path
}

const run = (flags: Flags): Result => {
  const began = performance.now()
  const failures: Array<Failure> = []
  let [games, commits, playedTwice] = [0, 0, 0]
  for (let seed = flags.from; seed < flags.from + flags.seeds; seed++) {
    if (flags.minutes > 0 && performance.now() - began > flags.minutes * 60_000) break
    const twice = isDue(flags, games)
    const played = play(seed, flags.moves, { digest: twice })
    const unequal = twice ? difference(played, flags) : null
    const violations = unequal === null ? played.violations : [...played.violations, unequal]
    games++
    commits += played.commits
    if (twice) playedTwice++
    if (violations.length > 0) {
      const [first = ""] = played.violations
      const kept = flags.keep === null || first === "" ? null : keepGame(flags.keep, played.game, first)
      failures.push({ seed, violations, kept })
      say(`seed ${seed}: ${violations.slice(0, mostSaid).join("; ")}${kept === null ? "" : ` (${kept})`}`)
    }
    if (games % 100 === 0)
      say(
        `${games} games, ${commits} commits, ${failures.length} failed, ${Math.round((performance.now() - began) / 1000)} s`
      )
  }
  return { games, commits, playedTwice, failures }
}

const summary = ({ commits, failures, games, playedTwice }: Result): string =>
  [
    `${games} games, ${commits} commits looked at, ${playedTwice} games played twice`,
    failures.length === 0
      ? "everything held"
      : `${failures.length} did not hold: seeds ${failures.map(({ seed }) => seed).join(", ")}`
  ].join("; ")

try {
  const flags = parse(process.argv.slice(2))
  if (flags === null) process.stdout.write(help)
  else {
    const result = run(flags)
    process.stdout.write(`${flags.json ? JSON.stringify(result) : summary(result)}\n`)
    process.exitCode = result.failures.length === 0 ? 0 : 1
  }
} catch (error) {
  if (!(error instanceof FlagsInvalid)) throw error
  say(`conformance:invariants: ${error.message}; see --help`)
  process.exitCode = 64
}
