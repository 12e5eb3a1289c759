/**
 * `nx run bench:planner [-- --json]`: how long a plan takes from a decoded snapshot, at three sizes. Each size is measured in
 * a process of its own. Exit code 1 when the largest takes longer than the gate, 64 for a wrong command line.
 */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { type Measured, measure } from "./Measure.ts"
import * as Table from "./Table.ts"

const sizes = [
  { nodes: 3, tasks: 6 },
  { nodes: 100, tasks: 5_000 },
  { nodes: 1_000, tasks: 100_000 }
]
const laterRuns = 3

const usage = "usage: nx run bench:planner [-- --json]"

const measureApart = (index: number): Measured => {
  const file = fileURLToPath(import.meta.url)
  const args = [...process.execArgv, "--expose-gc", file, "--size", String(index)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" })
  if (status !== 0) throw new Error(`measuring ${sizes[index]?.tasks} tasks failed with exit code ${status}: ${stderr}`)
  return JSON.parse(stdout) as Measured
}

const main = (args: ReadonlyArray<string>): number => {
  const [first, second, ...rest] = args
  if (first === "--size") {
    const size = sizes[Number(second)]
    if (size === undefined) throw new Error(`there is no size number ${second}`)
    process.stdout.write(JSON.stringify(measure(size, laterRuns)))
    return 0
  }
  if ((first !== undefined && first !== "--json") || second !== undefined || rest.length > 0) {
    process.stderr.write(`${usage}\n`)
    return 64
  }
  const measured = sizes.map((_, index) => measureApart(index))
  const passed = Table.passes(measured)
  const json = { measured, goalMillis: Table.goalMillis, gateMillis: Table.gateMillis, passed }
  process.stdout.write(
    first === "--json" ? `${JSON.stringify(json, null, 2)}\n` : `${Table.lines(measured).join("\n")}\n`
  )
  return passed ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
