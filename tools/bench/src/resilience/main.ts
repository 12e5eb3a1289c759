/** `bench:resilience`: see `--help`. Each scenario has a router and a feed of its own; the gates decide the exit code. */
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Missing } from "../Children.ts"
import { holds, json, line } from "../Verdict.ts"
import { Bed } from "./Bed.ts"
import type { Result, Scenario, Settings } from "./Scenario.ts"
import { blackHole } from "./scenarios/BlackHole.ts"
import { crashLoop } from "./scenarios/CrashLoop.ts"
import { noRebalancer } from "./scenarios/NoRebalancer.ts"
import { rollingUpdate } from "./scenarios/RollingUpdate.ts"
import { routerUpdate } from "./scenarios/RouterUpdate.ts"
import { tableChanges } from "./scenarios/TableChanges.ts"

const scenarios: ReadonlyArray<Scenario> = [
  rollingUpdate,
  blackHole,
  crashLoop,
  noRebalancer,
  tableChanges,
  routerUpdate
]

const help = `Usage: nx run bench:resilience [-- FLAGS]

Lets things fail around a router from its deployed bundle, under load, and counts what was lost. Needs no Docker.

${scenarios.map(({ about, name }) => `  ${name.padEnd(16)} ${about}`).join("\n")}

  --json           the result as JSON on stdout
  --quick          fewer repetitions
  --only LIST      scenarios by name, comma-separated
  --rate N         requests a second [2000]
  --bundle FILE    another router's main.mjs instead of dist/apps/router/main.mjs

Exit code: 0 when every gate holds, 1 when one does not, 64 for a wrong command line, 69 when something needed is missing.
`

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const defaultBundle = join(import.meta.dirname, "../../../../dist/apps/router/main.mjs")

const runOne = async (scenario: Scenario, settings: Settings, bundle: string): Promise<Result> => {
  const bed = await Bed.start(bundle)
  try {
    return await scenario.run(bed, settings)
  } finally {
    await bed.end()
  }
}

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    strict: true,
    options: {
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      rate: { type: "string", default: "2000" },
      bundle: { type: "string" },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const names = values.only?.split(",") ?? scenarios.map(({ name }) => name)
  const chosen = names.map((name) => scenarios.find((scenario) => scenario.name === name))
  const rate = Number(values.rate)
  if (chosen.includes(undefined) || !(rate > 0)) {
    say(`bench:resilience: --only takes ${scenarios.map(({ name }) => name).join(", ")}; --rate a number above 0`)
    return 64
  }
  const results: Array<Result & { readonly name: string }> = []
  for (const scenario of chosen.flatMap((one) => one ?? [])) {
    say(`${scenario.name}: ${scenario.about}`)
    const result = await runOne(scenario, { quick: values.quick, rate }, values.bundle ?? defaultBundle)
    results.push({ name: scenario.name, ...result })
    if (values.json) continue
    const failures = result.failures.map((failure) => `    ${failure}`)
    process.stdout.write(`${[scenario.name, ...result.measures.map(line), ...failures].join("\n")}\n\n`)
  }
  const passed = results.every(({ measures }) => measures.every(holds))
  if (values.json) {
    const told = results.map((result) => ({ ...result, measures: result.measures.map(json) }))
    process.stdout.write(`${JSON.stringify({ rate, results: told, passed }, undefined, 2)}\n`)
  }
  return passed ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  say(`bench:resilience: ${error instanceof Error ? error.message : String(error)}`)
  const code = error instanceof Error && "code" in error ? String(error.code) : ""
  process.exitCode = error instanceof Missing ? 69 : code.startsWith("ERR_PARSE_ARGS") ? 64 : 1
}
