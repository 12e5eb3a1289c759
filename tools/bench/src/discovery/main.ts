/** `bench:discovery`: how late the rebalancer's feed is, and what that costs. See `--help`. */
import { parseArgs } from "node:util"
import { type Case, measure, type Measured } from "./Measure.ts"
import { aimMillis, gateMillis, lines, passes } from "./Report.ts"

const help = `Usage: nx run bench:discovery [-- FLAGS]

Runs an embedded Swarm and the rebalancer's bundle as processes, follows the feed as routers do, and measures how long a change
takes to get to all of them: 100 nodes with 5,000 tasks and as many routers, and 1,000 with 100,000 and ten routers.

  --json    the result as JSON on stdout
  --quick   only the first size, with 40 changes instead of 200
  --small, --large   only the first size, only the second
  --changes N        so many changes instead of 200

Exit code: 0 when the gate holds, 1 when it does not or something failed, 64 for a wrong command line.
`

const small: Case = { nodes: 100, tasks: 5_000, changes: 200, together: 1, routers: 99 }
/** Its table is long: a thousand copies of it in one process would be measured, not the rebalancer. */
const large: Case = { nodes: 1_000, tasks: 100_000, changes: 200, together: 10, routers: 9 }

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const flag = { type: "boolean", default: false } as const

const read = (args: ReadonlyArray<string>) => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: flag, quick: flag, small: flag, large: flag, help: flag, changes: { type: "string" } }
    })
    const changes = values.changes === undefined ? null : Number(values.changes)
    if (changes !== null && !(Number.isInteger(changes) && changes > 0))
      throw new Error(`--changes: "${values.changes}" is not a whole number above 0`)
    return { ...values, changes }
  } catch (error) {
    say(`bench:discovery: ${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    return null
  }
}

const main = async (): Promise<number> => {
  const flags = read(process.argv.slice(2))
  if (flags === null) return 64
  if (flags.help) {
    process.stdout.write(help)
    return 0
  }
  const sizes = flags.quick || flags.small ? [small] : flags.large ? [large] : [small, large]
  const cases = sizes.map((size) => ({ ...size, changes: flags.changes ?? (flags.quick ? 40 : size.changes) }))
  try {
    const measured: Array<Measured> = []
    for (const each of cases) measured.push(await measure(each, say))
    const passed = passes(measured)
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ measured, gateMillis, aimMillis, passed }, undefined, 2)}\n`
        : `${lines(measured).join("\n")}\n`
    )
    return passed ? 0 : 1
  } catch (error) {
    say(`bench:discovery: ${error instanceof Error ? error.message : String(error)}`)
    return 1
  }
}

process.exitCode = await main()
