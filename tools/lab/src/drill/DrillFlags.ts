/** The drill's command line as a value. Pure. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"
import { CycleName } from "./Cycle.ts"

export interface DrillOptions {
  readonly cycles: ReadonlyArray<CycleName>
  /** Dispatcher heartbeat, e.g. `1s`; `5s` is Swarm's own default. */
  readonly heartbeat: string
  /** The rebalancer feeds routers but moves nothing. */
  readonly withoutRebalancer: boolean
  /** Nothing but the return is followed by `--force` on every service. */
  readonly saboteur: boolean
  readonly json: boolean
  /** Leave the lab as it is at the end. */
  readonly keep: boolean
  readonly requestsPerSecond: number
}

export const usage = `drill: lose a node of a real three-node Swarm under load, bring it back, and judge what happened

  npx nx run lab:drill
  npx nx run lab:drill -- --heartbeat 1s --only follower-crash,rebalancer-kill
  npx nx run lab:drill -- --without-rebalancer      must fail: nothing moves back
  npx nx run lab:drill -- --saboteur                must fail: everything is restarted

  --only <cycles>        ${CycleName.literals.join(", ")} (default: all)
  --heartbeat <time>     Swarm's heartbeat; node loss is noticed after about three (default 5s)
  --without-rebalancer   the rebalancer only observes
  --saboteur             it only observes, and every service is restarted by --force
  --rate <n>             requests a second in all (default 520)
  --json                 the evidence and the verdict as JSON on stdout
  --keep                 leave the lab and the stack running

Exit code 0: every cycle ended even, nothing was lost, nothing but the fewest moves was restarted, no trace was left.
1: not so, or it could not be run. 64: the command line is wrong.
`

export class DrillUsageInvalid extends Schema.TaggedError<DrillUsageInvalid>()("DrillUsageInvalid", {
  reason: Schema.String
}) {
  override get message() {
    return `${this.reason}; see \`npx nx run lab:drill -- --help\``
  }
}

const fail = (reason: string) => Either.left(new DrillUsageInvalid({ reason }))

/** The words after the program's name; null asks for the usage. */
export const parse = (words: ReadonlyArray<string>): Either.Either<DrillOptions | null, DrillUsageInvalid> => {
  let values
  try {
    values = parseArgs({
      args: words.filter((word) => word !== "--"),
      options: {
        only: { type: "string" },
        heartbeat: { type: "string", default: "5s" },
        "without-rebalancer": { type: "boolean", default: false },
        saboteur: { type: "boolean", default: false },
        rate: { type: "string", default: "520" },
        json: { type: "boolean", default: false },
        keep: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    }).values
  } catch (cause) {
    return fail(cause instanceof Error ? (cause.message.split(". ")[0] ?? "") : String(cause))
  }
  if (values.help) return Either.right(null)
  const names = values.only?.split(",").map((name) => name.trim()) ?? CycleName.literals
  const cycles = names.filter(Schema.is(CycleName))
  const unknown = names.find((name) => !Schema.is(CycleName)(name))
  if (unknown !== undefined) return fail(`--only takes ${CycleName.literals.join(", ")}, not ${unknown}`)
  if (!/^\d+(ms|s)$/.test(values.heartbeat)) return fail(`--heartbeat takes e.g. 1s, not ${values.heartbeat}`)
  if (!/^[1-9]\d{0,4}$/.test(values.rate)) return fail(`--rate takes requests a second, not ${values.rate}`)
  return Either.right({
    cycles,
    heartbeat: values.heartbeat,
    withoutRebalancer: values["without-rebalancer"],
    saboteur: values.saboteur,
    json: values.json,
    keep: values.keep,
    requestsPerSecond: Number(values.rate)
  })
}
