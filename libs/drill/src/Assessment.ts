/**
 * Whether a load's report shows what was promised: nothing lost, streams back in time, and a generator that can be believed.
 * Pure; says nothing of where tasks run.
 */
import { type LoadReport, type PhaseReport } from "./LoadReport.ts"
import { streamKinds } from "./LoadPlan.ts"
import { duration } from "./TextTable.ts"

export interface AssessmentLimits {
  /** A stream that was lost must be open again within this. Default 3,000 ms. */
  readonly streamAwayMs?: number
  /** Generator lateness above this at p99, within a phase, makes its latencies doubtful. Default 50 ms. */
  readonly schedulerLagMs?: number
  /** Requests a second that a run must have kept up overall. Default 0. */
  readonly leastPerS?: number
}

/** One line for each promise that was not kept; empty where all were. */
export const problemsOf = (report: LoadReport, limits: AssessmentLimits = {}): ReadonlyArray<string> => {
  const { leastPerS = 0, schedulerLagMs = 50, streamAwayMs = 3_000 } = limits
  const problems = report.phases.flatMap((phase) => phaseProblems(phase, schedulerLagMs, streamAwayMs))
  const sentPerS = (report.phases.reduce((sum, phase) => sum + phase.total.sent, 0) * 1000) / loadMs(report)
  if (sentPerS < leastPerS) problems.push(`only ${sentPerS.toFixed(0)} requests/s were sent; asked were ${leastPerS}`)
  return problems
}

/** The time in which load was made: the waiting at the end is none of it. */
const loadMs = (report: LoadReport): number =>
  Math.max(
    1,
    report.phases.reduce((sum, phase) => sum + phase.durationMs, 0)
  )

const phaseProblems = (phase: PhaseReport, schedulerLagMs: number, streamAwayMs: number): Array<string> => {
  const problems: Array<string> = []
  const add = (text: string): void => void problems.push(`${phase.name}: ${text}`)
  const { lost, notSent } = phase.total
  const wrong = phase.total.outcomes["wrong-body"]
  if (lost > 0) add(`${lost} requests lost`)
  if (wrong > 0) add(`${wrong} answers with a wrong body`)
  if (notSent > 0) add(`${notSent} requests not sent: the generator was at its limit or had no target`)
  if (phase.schedulerLag.p99Ms > schedulerLagMs) {
    add(`the generator sent late (p99 ${duration(phase.schedulerLag.p99Ms)}); its latencies are doubtful`)
  }
  for (const kind of streamKinds) {
    const streams = phase.streams[kind]
    if (streams === undefined) continue
    if (streams.wrong > 0) add(`${streams.wrong} wrong messages on ${kind} streams`)
    if (streams.longestAwayMs > streamAwayMs) {
      add(`a ${kind} stream was away for ${duration(streams.longestAwayMs)}; allowed are ${duration(streamAwayMs)}`)
    }
    for (const [node, broken] of Object.entries(streams.brokenByNode)) {
      const open = streams.openAtStart[node] ?? 0
      if (broken > open)
        add(`${broken} ${kind} streams to node ${node} broke; only ${open} were open as the phase began`)
    }
  }
  return problems
}
