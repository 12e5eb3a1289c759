/** What a drill found, and how it is told: timeline, tables by phase, steps in seconds, checks. Pure. */
import type { LoadReport } from "@evenkeel/drill/LoadReport"
import { renderTable } from "@evenkeel/drill/ReportTable"
import { renderRows } from "@evenkeel/drill/TextTable"
import { renderTimeline } from "@evenkeel/drill/Timeline"
import type { CycleResult } from "./Cycle.ts"
import type { DrillOptions } from "./DrillFlags.ts"
import { compareContainers, fewestMovesOfAll, formatPlacements } from "./Observation.ts"
import type { Check } from "./Verdict.ts"
import type { TimelineEntry } from "./Watch.ts"

export interface JudgedCycle extends CycleResult {
  readonly checks: ReadonlyArray<Check>
}

export interface DrillReport {
  readonly options: DrillOptions
  readonly cycles: ReadonlyArray<JudgedCycle>
  readonly timeline: ReadonlyArray<TimelineEntry>
  readonly load: LoadReport
  readonly passed: boolean
}

const seconds = (value: number | null): string => (value === null ? "never" : value.toFixed(1))

const stepsTable = (cycles: ReadonlyArray<JudgedCycle>): string =>
  renderRows(
    [
      { title: "cycle" },
      { title: "node" },
      { title: "placement" },
      ...["moves", "workload started", "noticed/s", "restored/s", "ready/s", "even/s"].map((title) => ({
        title,
        align: "right" as const
      }))
    ],
    cycles.map(({ name, victim, evidence, times }) => {
      const changes = compareContainers(evidence.containersAtReturn, evidence.containersAtEnd)
      const started = changes.started.filter(({ service }) => evidence.workload.has(service)).length
      return [
        name,
        victim,
        `${formatPlacements(evidence.placementsAtReturn)} → ${formatPlacements(evidence.placementsAtEnd)}`,
        String(fewestMovesOfAll(evidence.placementsAtReturn)),
        String(started + changes.restarted.length),
        seconds(times.lossNoticed),
        seconds(times.restored),
        seconds(times.nodeReady),
        seconds(times.balanced)
      ]
    })
  )

const checksTable = ({ name, checks }: JudgedCycle): string =>
  renderRows(
    [{ title: name }, { title: "" }, { title: "expected" }, { title: "found" }],
    checks.map((check) => [check.name, check.passed ? "ok" : "FAILED", check.expected, check.found])
  )

export const render = (report: DrillReport): string => {
  const checks = report.cycles.flatMap((cycle) => cycle.checks)
  const failed = checks.filter(({ passed }) => !passed).length
  return [
    renderTimeline(report.timeline.map(({ atMillis, text }) => ({ atMs: atMillis, subject: "swarm", text }))),
    renderTable(report.load),
    stepsTable(report.cycles),
    ...report.cycles.map(checksTable),
    report.passed
      ? `The drill passed: ${checks.length} checks in ${report.cycles.length} cycles.`
      : `The drill FAILED: ${failed} of ${checks.length} checks in ${report.cycles.length} cycles.`
  ].join("\n\n")
}

/** The same as JSON; sets and maps become arrays and objects. */
export const toJson = (report: DrillReport): string =>
  JSON.stringify(
    { apiVersion: "evenkeel/v1", kind: "DrillReport", ...report },
    (_, value: unknown) =>
      value instanceof Set ? [...value] : value instanceof Map ? Object.fromEntries(value) : value,
    2
  )
