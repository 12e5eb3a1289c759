/** What a drill came to, as a table of its phases and a sentence. */
import { formatMillis } from "@evenkeel/domain/Durations"
import type { FailedProbe, PhaseResult } from "../drill/ProbeTally.ts"
import type { View } from "../Result.ts"
import * as Table from "../Table.ts"

export interface DrillReport {
  readonly node: string
  readonly hostname: string
  readonly phases: ReadonlyArray<PhaseResult>
  /** All phases together. */
  readonly sent: number
  readonly failed: number
  /** The first hundred. */
  readonly failures: ReadonlyArray<FailedProbe>
  /** Services that left the node before it was drained, and moves made once it was back. */
  readonly servicesMoved: number
  readonly movesAfter: number
}

const columns: ReadonlyArray<Table.Column> = [
  { title: "PHASE" },
  { title: "SECONDS", align: "right" },
  { title: "REQUESTS", align: "right" },
  { title: "FAILED", align: "right" },
  { title: "P50", align: "right" },
  { title: "P99", align: "right" },
  { title: "LONGEST", align: "right" }
]

/** The phases as rows. */
export const table = (phases: ReadonlyArray<PhaseResult>, { paint }: View): string =>
  Table.render(
    columns,
    phases.map(({ failed, longestMillis, name, p50Millis, p99Millis, seconds, sent }) => [
      name,
      seconds.toFixed(1),
      String(sent),
      failed === 0 ? "0" : paint.red(String(failed)),
      ...(sent > failed ? [p50Millis, p99Millis, longestMillis].map(formatMillis) : ["-", "-", "-"])
    ]),
    paint
  )

/** Equal reasons in a phase together, the most frequent first. */
const reasons = (failures: ReadonlyArray<FailedProbe>): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  for (const { phase, url, why } of failures) {
    const line = `${phase}: ${url}: ${why}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([line, count]) => `  ${count} × ${line}`)
}

const count = (number: number, word: string): string => (number === 1 ? `1 ${word}` : `${number} ${word}s`)

export const render = (report: DrillReport, view: View): string => {
  const { failed, failures, hostname, movesAfter, phases, sent, servicesMoved } = report
  const lost =
    failed === 0
      ? view.paint.green(`None of ${count(sent, "request")} failed.`)
      : view.paint.red(`${failed} of ${count(sent, "request")} failed:`)
  return [
    table(phases, view),
    lost,
    ...reasons(failures),
    `${hostname} is back: ${count(servicesMoved, "service")} moved off it before, ${count(movesAfter, "move")} made after.`,
    ""
  ].join("\n")
}
