/** The command line as a value. Pure. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"

export interface CheckOptions {
  /** Names of fixed scenarios; all when absent. */
  readonly only: ReadonlyArray<string> | null
  /** Record on the lab now instead of reading the recordings. */
  readonly real: boolean
  /** Write what was recorded to the fixtures. */
  readonly record: boolean
  /** How many random scenarios follow the fixed ones. */
  readonly random: number
  /** No random scenario is begun that would not end within so long, from the start of the whole run. */
  readonly minutes: number
  readonly seed: number
  readonly heartbeat: string
  readonly json: boolean
  /** Real Swarms side by side. */
  readonly labs: number
  /** Leave the lab running. */
  readonly keep: boolean
}

export const usage = `conformance: the same scenarios on the embedded and the real Swarm, their traces compared

  npx nx run conformance:check                       against the recordings, no Docker needed
  npx nx run conformance:check -- --real             on the lab, now (Linux, root; see docs/subsystems/lab.md)
  npx nx run conformance:check -- --real --record    the same, and keep the recordings
  npx nx run conformance:check -- --real --only drain,crash
  npx nx run conformance:check -- --real --only none --random 20 --minutes 10 --seed 7

  --only <names>     fixed scenarios, comma-separated; "none" for none (default: all)
  --real             record on the lab's Swarm instead of reading the recordings
  --record           write the recordings that --real makes, of random scenarios too
  --random <n>       so many random scenarios after the fixed ones (with --real; default 0)
  --minutes <m>      for the whole run: fixed scenarios all, then random ones as long as time is left, at least
                     one of them (default 10)
  --seed <n>         of random scenarios and of what recordings leave open (default 1)
  --labs <n>         so many labs side by side, 1 to 9 (default 1)
  --heartbeat <time> the lab's heartbeat (default 3s)
  --json             the differences as JSON on stdout
  --keep             leave the lab running; with one lab only

Exit code 0: no differences but the listed ones. 1: differences, or it could not be run. 64: the command line is wrong. 130: it
was interrupted.
`

export class CheckUsageInvalid extends Schema.TaggedError<CheckUsageInvalid>()("CheckUsageInvalid", {
  reason: Schema.String
}) {
  override get message() {
    return `${this.reason}; see \`npx nx run conformance:check -- --help\``
  }
}

const fail = (reason: string) => Either.left(new CheckUsageInvalid({ reason }))

/** The words after the program's name; null asks for the usage. `known` are the names of the fixed scenarios. */
export const parse = (
  words: ReadonlyArray<string>,
  known: ReadonlyArray<string>
): Either.Either<CheckOptions | null, CheckUsageInvalid> => {
  let values
  try {
    values = parseArgs({
      args: words.filter((word) => word !== "--"),
      options: {
        only: { type: "string" },
        real: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        random: { type: "string", default: "0" },
        minutes: { type: "string", default: "10" },
        seed: { type: "string", default: "1" },
        labs: { type: "string", default: "1" },
        heartbeat: { type: "string", default: "3s" },
        json: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    }).values
  } catch (cause) {
    return fail(cause instanceof Error ? (cause.message.split(". ")[0] ?? "") : String(cause))
  }
  if (values.help) return Either.right(null)
  const only = values.only === "none" ? [] : (values.only?.split(",").map((name) => name.trim()) ?? null)
  const unknown = only?.find((name) => !known.includes(name))
  if (unknown !== undefined) return fail(`--only takes ${known.join(", ")}, not ${unknown}`)
  for (const flag of ["random", "minutes", "seed"] as const)
    if (!/^\d{1,9}$/.test(values[flag])) return fail(`--${flag} takes a number, not ${values[flag]}`)
  if (!/^\d+(ms|s)$/.test(values.heartbeat)) return fail(`--heartbeat takes e.g. 3s, not ${values.heartbeat}`)
  if (!/^[1-9]$/.test(values.labs)) return fail(`--labs takes a number from 1 to 9, not ${values.labs}`)
  if (values.keep && values.labs !== "1") return fail("--keep leaves one lab running: it takes no --labs")
  if (values.record && !values.real) return fail("--record needs --real: only the lab's Swarm can be recorded")
  if (values.random !== "0" && !values.real)
    return fail("--random needs --real: those that are recorded are compared without it")
  return Either.right({
    only,
    real: values.real,
    record: values.record,
    random: Number(values.random),
    minutes: Number(values.minutes),
    seed: Number(values.seed),
    labs: Number(values.labs),
    heartbeat: values.heartbeat,
    json: values.json,
    keep: values.keep
  })
}
