/** The planner's measurements as text, as JSON and as a verdict. Pure. */
import type { Measured } from "./Measure.ts"

/** Milliseconds that a plan of the largest cluster should take, and may take at most. */
export const goalMillis = 1_000
export const gateMillis = 2_000

/** How time grows between two measurements: the exponent of the number of tasks. */
export const growth = (a: Measured, b: Measured): number =>
  Math.log(b.firstMillis / a.firstMillis) / Math.log(b.tasks / a.tasks)

const cell = (text: string | number, width: number): string => String(text).padStart(width)

const columns: ReadonlyArray<readonly [name: string, width: number, of: (m: Measured) => string | number]> = [
  ["nodes", 6, (m) => m.nodes],
  ["services", 9, (m) => m.services],
  ["tasks", 7, (m) => m.tasks],
  ["first ms", 9, (m) => m.firstMillis.toFixed(0)],
  ["CPU ms", 7, (m) => m.firstCpuMillis.toFixed(0)],
  ["later ms", 9, (m) => m.laterMillis.toFixed(0)],
  ["heap MiB", 9, (m) => m.heapMebibytes.toFixed(0)],
  ["RSS MiB", 8, (m) => m.residentMebibytes.toFixed(0)],
  ["moves", 6, (m) => m.moves],
  ["at least", 9, (m) => m.fewestMoves],
  ["proved", 7, (m) => (m.proved ? "yes" : "no")],
  ["skew", 5, (m) => m.nodeSkewAfter]
]

export const lines = (measured: ReadonlyArray<Measured>): ReadonlyArray<string> => {
  const header = columns.map(([name, width]) => cell(name, width)).join(" ")
  const rows = measured.map((each) => columns.map(([, width, of]) => cell(of(each), width)).join(" "))
  const growths = measured.slice(1).flatMap((each, i) => {
    const before = measured[i]
    if (before === undefined) return []
    return [`growth from ${before.tasks} to ${each.tasks} tasks: time ~ tasks^${growth(before, each).toFixed(2)}`]
  })
  return [header, ...rows, ...growths, verdict(measured)]
}

const largest = (measured: ReadonlyArray<Measured>): Measured | undefined =>
  measured.toSorted((a, b) => b.tasks - a.tasks)[0]

/** Whether the largest cluster was planned within the gate. */
export const passes = (measured: ReadonlyArray<Measured>): boolean =>
  (largest(measured)?.firstMillis ?? Infinity) <= gateMillis

const verdict = (measured: ReadonlyArray<Measured>): string => {
  const millis = largest(measured)?.firstMillis ?? Infinity
  const is = millis <= goalMillis ? "within the goal" : millis <= gateMillis ? "within the gate" : "beyond the gate"
  return `largest: ${millis.toFixed(0)} ms, ${is} (goal ${goalMillis} ms, gate ${gateMillis} ms)`
}
