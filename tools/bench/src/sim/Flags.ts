/** The command line of `bench:sim`. Decides nothing else. */
import { parseArgs } from "node:util"
import type { Size } from "./Measure.ts"

export interface Flags extends Size {
  readonly json: boolean
}

/** A command line that cannot be followed; `message` says why. */
export class FlagsInvalid extends Error {
  override readonly name = "FlagsInvalid"
}

export const help = `Usage: nx run bench:sim [-- FLAGS]

Starts an embedded Swarm in a process of its own, fills it over its Engine API, and measures what it costs.

  --json       the result as JSON on stdout
  --quick      100 nodes and 5,000 tasks instead of 1,000 and 100,000
  --nodes N    2 to 10,000
  --tasks N    1 to 500,000

Exit code: 0 when it was measured, 1 when something failed, 64 for a wrong command line. The aims are told, not enforced.
`

const whole = (flag: string, text: string, from: number, to: number): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < from || value > to)
    throw new FlagsInvalid(`${flag}: "${text}" is not a whole number of ${from} to ${to}`)
  return value
}

/** Throws `FlagsInvalid`. Returns null when help was asked for. */
export const parse = (args: ReadonlyArray<string>): Flags | null => {
  const { values } = (() => {
    try {
      return parseArgs({
        args: [...args],
        strict: true,
        allowPositionals: false,
        options: {
          json: { type: "boolean", default: false },
          quick: { type: "boolean", default: false },
          nodes: { type: "string" },
          tasks: { type: "string" },
          help: { type: "boolean", default: false }
        }
      })
    } catch (error) {
      throw new FlagsInvalid(error instanceof Error ? error.message : String(error))
    }
  })()
  if (values.help) return null
  return {
    json: values.json,
    nodes: whole("--nodes", values.nodes ?? (values.quick ? "100" : "1000"), 2, 10_000),
    tasks: whole("--tasks", values.tasks ?? (values.quick ? "5000" : "100000"), 1, 500_000)
  }
}
