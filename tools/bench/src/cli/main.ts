/** `bench:cli`: how long the command takes to start, against Node itself. See `--help`. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { measure } from "./Measure.ts"
import { aim, gate, lines, passes, ratioOf } from "./Report.ts"

const help = `Usage: nx run bench:cli [-- FLAGS]

Runs the bundle of evenkeel and "node -e 0" in turn and compares how long they take.

  --json       the result as JSON on stdout
  --rounds N   so many runs of each instead of 30

Exit code: 0 when the gate holds, 1 when it does not or something failed, 64 for a wrong command line.
`

const bundle = join(import.meta.dirname, "../../../../dist/apps/cli/main.mjs")

const say = (line: string): void => void process.stderr.write(`bench:cli: ${line}\n`)

const read = (args: ReadonlyArray<string>) => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: "boolean", default: false },
        rounds: { type: "string", default: "30" },
        help: { type: "boolean", default: false }
      }
    })
    const rounds = Number(values.rounds)
    if (!(Number.isInteger(rounds) && rounds > 0 && rounds <= 1_000))
      throw new Error(`--rounds: "${values.rounds}" is not a whole number of 1 to 1000`)
    return { ...values, rounds }
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    return null
  }
}

const main = (): number => {
  const flags = read(process.argv.slice(2))
  if (flags === null) return 64
  if (flags.help) {
    process.stdout.write(help)
    return 0
  }
  if (!existsSync(bundle)) {
    say(`${bundle} is not there. Try: npx nx build cli`)
    return 1
  }
  try {
    const measured = measure(bundle, flags.rounds)
    const passed = passes(measured)
    const json = { measured: measured.map((each) => ({ ...each, ratio: ratioOf(measured, each) })), gate, aim, passed }
    process.stdout.write(flags.json ? `${JSON.stringify(json, null, 2)}\n` : `${lines(measured).join("\n")}\n`)
    return passed ? 0 : 1
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return 1
  }
}

process.exitCode = main()
