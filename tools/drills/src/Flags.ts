/** The drills' command line as a value. Pure. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"
import { catalogue } from "./Catalogue.ts"
import type { Drill } from "./Drill.ts"

export interface Options {
  readonly target: "embedded" | "real"
  readonly drills: ReadonlyArray<Drill>
  readonly seed: number
  /** Of the embedded Swarm: its seconds in one of this machine. */
  readonly speed: number
  readonly withoutRebalancer: boolean
  readonly json: boolean
  /** Folder for the rebalancers' logs; null: none are kept. */
  readonly logs: string | null
}

/** Represents a command line that cannot be understood. */
export class UsageInvalid extends Schema.TaggedError<UsageInvalid>()("UsageInvalid", { reason: Schema.String }) {
  override get message() {
    return `${this.reason}; --help shows all flags`
  }
}

const width = Math.max(...catalogue.map(({ name }) => name.length)) + 2

export const usage = `drills: let things go wrong in a Swarm, and judge what the rebalancer makes of it

  npx nx run drills:embedded                             all drills on the embedded Swarm
  npx nx run drills:embedded -- --only user-update --seed 7
  npx nx run drills:embedded -- --without-rebalancer     must fail: nothing is moved
  npx nx run drills:real -- --only node-added,leader-lost   on a real Swarm (Linux, root)

  --target <target>      embedded or real (default embedded)
  --only <drills>        names from the list below, separated by commas (default all)
  --seed <n>             of the embedded Swarm (default 1)
  --speed <x>            of the embedded Swarm: its seconds in one of this machine (default 10)
  --without-rebalancer   no rebalancer moves anything
  --logs <folder>        keep the rebalancers' logs of embedded drills
  --json                 the verdict as JSON on stdout

Drills
${catalogue.map(({ about, name }) => `  ${name.padEnd(width)}${about}`).join("\n")}

Exit code 0: every check of every drill passed. 1: not so, or a drill could not be run. 64: the command line is wrong. 130: it
was interrupted.
`

const fail = (reason: string) => Either.left(new UsageInvalid({ reason }))

/** The words after the program's name; null asks for the usage. Of `--target` given twice the last counts. */
export const parse = (words: ReadonlyArray<string>): Either.Either<Options | null, UsageInvalid> => {
  let values
  try {
    values = parseArgs({
      args: words.filter((word) => word !== "--"),
      options: {
        target: { type: "string", default: "embedded" },
        only: { type: "string" },
        seed: { type: "string", default: "1" },
        speed: { type: "string", default: "10" },
        "without-rebalancer": { type: "boolean", default: false },
        logs: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    }).values
  } catch (cause) {
    return fail(cause instanceof Error ? (cause.message.split(". ")[0] ?? "") : String(cause))
  }
  if (values.help) return Either.right(null)
  const { target } = values
  if (target !== "embedded" && target !== "real") return fail(`--target takes embedded or real, not ${target}`)
  const [seed, speed] = [Number(values.seed), Number(values.speed)]
  if (!Number.isInteger(seed) || seed < 0) return fail(`--seed takes a whole number, not ${values.seed}`)
  if (!(speed >= 1 && speed <= 50)) return fail(`--speed takes a number from 1 to 50, not ${values.speed}`)
  const names = values.only?.split(",").map((name) => name.trim()) ?? catalogue.map(({ name }) => name)
  const unknown = names.filter((name) => !catalogue.some((drill) => drill.name === name))
  if (unknown.length > 0) return fail(`there is no drill ${unknown.join(", ")}`)
  return Either.right({
    target,
    drills: catalogue.filter(({ name }) => names.includes(name)),
    seed,
    speed,
    withoutRebalancer: values["without-rebalancer"],
    json: values.json,
    logs: values.logs ?? null
  })
}
