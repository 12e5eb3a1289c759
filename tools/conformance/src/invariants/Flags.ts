/** The command line of `conformance:invariants`. Pure. */
import { parseArgs } from "node:util"

export interface Flags {
  readonly seeds: number
  readonly from: number
  readonly moves: number
  /** No further game is begun after so long; 0: no limit. */
  readonly minutes: number
  /** Every so many games one is played twice. */
  readonly twice: number
  /** Where failing games are written, made small; null: nowhere. */
  readonly keep: string | null
  readonly json: boolean
}

/** A command line that cannot be followed; `message` says why. */
export class FlagsInvalid extends Error {
  override readonly name = "FlagsInvalid"
}

export const help = `invariants: random commands and faults on embedded Swarms, and what must hold after every commit and at rest

  npx nx run conformance:invariants -- --seeds 2000
  npx nx run conformance:invariants -- --from 141 --seeds 1 --keep tools/conformance/fixtures/games

  --seeds <n>     so many games (default 200)
  --from <n>      the first one's seed (default 1)
  --moves <n>     commands and faults of a game, before everything is mended (default 120)
  --minutes <m>   begin no more games after so long (default: no limit)
  --twice <n>     play every nth game twice: both must be equal, commit by commit (default 20; 0: none)
  --keep <folder> make failing games small and write them there, for the tests
  --json          the result as JSON on stdout

Exit code 0: everything held. 1: something did not. 64: the command line is wrong.
`

/** Throws `FlagsInvalid`. Null asks for the help. */
export const parse = (words: ReadonlyArray<string>): Flags | null => {
  const { values } = read(words)
  if (values.help) return null
  return {
    seeds: whole("--seeds", values.seeds, 1),
    from: whole("--from", values.from, 0),
    moves: whole("--moves", values.moves, 0),
    minutes: whole("--minutes", values.minutes, 0),
    twice: whole("--twice", values.twice, 0),
    keep: values.keep ?? null,
    json: values.json
  }
}

const read = (words: ReadonlyArray<string>) => {
  try {
    return parseArgs({
      args: words.filter((word) => word !== "--"),
      options: {
        seeds: { type: "string", default: "200" },
        from: { type: "string", default: "1" },
        moves: { type: "string", default: "120" },
        minutes: { type: "string", default: "0" },
        twice: { type: "string", default: "20" },
        keep: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    })
  } catch (error) {
    throw new FlagsInvalid(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error))
  }
}

const whole = (flag: string, text: string, least: number): number => {
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < least)
    throw new FlagsInvalid(`${flag} takes a whole number from ${least} on, not "${text}"`)
  return value
}
