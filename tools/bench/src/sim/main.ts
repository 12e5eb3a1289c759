/** `bench:sim`: see `--help`. */
import { FlagsInvalid, help, parse } from "./Flags.ts"
import { measure } from "./Measure.ts"
import { lines } from "./Report.ts"

const say = (line: string): void => void process.stderr.write(`${line}\n`)

const main = async (): Promise<number> => {
  try {
    const flags = parse(process.argv.slice(2))
    if (flags === null) {
      process.stdout.write(help)
      return 0
    }
    const measured = await measure({ nodes: flags.nodes, tasks: flags.tasks }, say)
    process.stdout.write(flags.json ? `${JSON.stringify(measured, undefined, 2)}\n` : `${lines(measured).join("\n")}\n`)
    return 0
  } catch (error) {
    say(`bench:sim: ${error instanceof Error ? error.message : String(error)}`)
    return error instanceof FlagsInvalid ? 64 : 1
  }
}

process.exitCode = await main()
