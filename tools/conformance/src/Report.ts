/** What a check found, for people and for programs. */
import type { Allowance } from "./Allowed.ts"
import { type Difference, render as renderDifference } from "./Compare.ts"

export interface ScenarioResult {
  readonly scenario: string
  /** Whose trace it was compared with. */
  readonly recordedBy: string
  readonly steps: number
  readonly tasks: number
  readonly differences: ReadonlyArray<Difference>
  readonly allowed: ReadonlyArray<Difference>
  /** Why the run on the lab was repeated; empty when it was not. */
  readonly repeated: ReadonlyArray<string>
  /** The file with the real trace, where it was made just now and differs. */
  readonly kept: string | null
}

export interface CheckReport {
  readonly results: ReadonlyArray<ScenarioResult>
  /** Fixed scenarios that have no recording. */
  readonly unrecorded: ReadonlyArray<string>
  /** Listed differences that did not occur; only known when every fixed scenario ran. */
  readonly unused: ReadonlyArray<Allowance>
  readonly passed: boolean
}

export const of = (
  results: ReadonlyArray<ScenarioResult>,
  unrecorded: ReadonlyArray<string>,
  unused: ReadonlyArray<Allowance>
): CheckReport => ({
  results,
  unrecorded,
  unused,
  passed:
    results.length > 0 &&
    results.every(({ differences }) => differences.length === 0) &&
    unrecorded.length === 0 &&
    unused.length === 0
})

export const render = (report: CheckReport): string => {
  const lines: Array<string> = []
  for (const { scenario, recordedBy, steps, tasks, differences, allowed, repeated, kept } of report.results) {
    const verdict = differences.length === 0 ? "ok  " : "FAIL"
    const listed = allowed.length === 0 ? "" : `, ${allowed.length} listed`
    lines.push(
      `${verdict} ${scenario}: ${steps} steps, ${tasks} tasks, ${differences.length} differences${listed} (${recordedBy})`
    )
    for (const reason of repeated) lines.push(`  run again, disturbed: ${reason}`)
    for (const difference of differences) lines.push(`  ${renderDifference(difference)}`)
    if (kept !== null) lines.push(`  the real trace: ${kept}`)
  }
  for (const name of report.unrecorded)
    lines.push(`FAIL ${name}: no recording; make one by --real --record --only ${name}`)
  for (const { scenario, what } of report.unused)
    lines.push(`FAIL the listed difference "${what}" of ${scenario} no longer occurs: take it off the list`)
  const failed = report.results.filter(({ differences }) => differences.length > 0).length
  lines.push(`${report.results.length} scenarios, ${failed} with differences`)
  return lines.join("\n")
}

export const toJson = (report: CheckReport): string => JSON.stringify(report, null, 2)
