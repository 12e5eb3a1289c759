/** A load's report as text: for each phase a table of requests by kind, of services, of streams; then what failed. Pure. */
import { requestKinds, streamKinds } from "./LoadPlan.ts"
import type { Failure, KindReport, LoadReport, PhaseReport } from "./LoadReport.ts"
import { type Column, duration, renderRows } from "./TextTable.ts"

const right = (...titles: ReadonlyArray<string>): ReadonlyArray<Column> =>
  titles.map((title) => ({ title, align: "right" as const }))

const requestColumns: ReadonlyArray<Column> = [
  { title: "requests" },
  ...right("sent", "ok", "lost", "apart", "dead node", "unsent", "retried", "held", "p50", "p99", "longest")
]

const serviceColumns: ReadonlyArray<Column> = [
  { title: "service" },
  ...right("sent", "ok", "lost", "held", "longest wait", "longest hold")
]

const streamColumns: ReadonlyArray<Column> = [
  { title: "streams" },
  ...right(
    "opened",
    "completed",
    "ended by task",
    "broken",
    "dead node",
    "refused",
    "messages",
    "wrong",
    "longest away"
  )
]

const requestRow = (name: string, report: KindReport): ReadonlyArray<string> => [
  name,
  ...[
    report.sent,
    report.ok,
    report.lost,
    report.failedApart,
    report.onDeadNode,
    report.notSent,
    report.retried,
    report.held
  ].map(String),
  duration(report.p50Ms),
  duration(report.p99Ms),
  duration(report.longestMs)
]

/** One phase's tables. */
export const renderPhase = (phase: PhaseReport): string => {
  const perS = (phase.total.sent * 1000) / Math.max(1, phase.durationMs)
  const { maxMs, p99Ms } = phase.schedulerLag
  const kinds = requestKinds.flatMap((kind) => {
    const report = phase.kinds[kind]
    return report === undefined ? [] : [requestRow(kind, report)]
  })
  const services = Object.entries(phase.services).map(([name, service]) => [
    name,
    ...[service.sent, service.ok, service.lost, service.held].map(String),
    duration(service.longestWaitMs),
    service.held === 0 ? "" : duration(service.longestHeldMs)
  ])
  const streams = streamKinds.flatMap((kind) => {
    const report = phase.streams[kind]
    if (report === undefined) return []
    const { broken, completed, endedByServer, messages, onDeadNode, opened, refused, wrong } = report
    const counts = [opened, completed, endedByServer, broken, onDeadNode, refused, messages, wrong].map(String)
    return [[kind, ...counts, report.longestAwayMs === 0 ? "" : duration(report.longestAwayMs)]]
  })
  const title =
    `${phase.name}: ${duration(phase.durationMs)}, ${perS.toFixed(0)} requests/s, ` +
    `sent late by ${duration(p99Ms)} at p99, ${duration(maxMs)} at most`
  return [
    title,
    "",
    renderRows(requestColumns, [...kinds, requestRow("all", phase.total)]),
    ...(services.length === 0 ? [] : ["", renderRows(serviceColumns, services)]),
    ...(streams.length === 0 ? [] : ["", renderRows(streamColumns, streams)])
  ].join("\n")
}

const failureGroup = (failure: Failure): string =>
  [
    failure.phase,
    failure.kind,
    failure.service,
    failure.fate,
    failure.outcome,
    failure.reason ?? failure.detail.replaceAll(/\d+/g, "#")
  ].join("\u0000")

/** Failures that look alike in one row, the most frequent first; at most `most` rows. */
export const renderFailures = (report: LoadReport, most = 30): string => {
  const groups = [...Map.groupBy(report.failures, failureGroup).values()].sort(
    (left, right) => right.length - left.length
  )
  const rows = groups.slice(0, most).flatMap((group) => {
    const first = group[0]
    if (first === undefined) return []
    const longest = Math.max(...group.map(({ afterMs }) => afterMs))
    const at = ((first.at - report.startedAt) / 1000).toFixed(1)
    const why = [first.reason, first.detail].filter((text) => text !== undefined && text !== "").join("; ")
    const { fate, kind, outcome, phase, service, target } = first
    return [[String(group.length), at, phase, kind, service, fate, outcome, duration(longest), target, why]]
  })
  const columns: ReadonlyArray<Column> = [
    ...right("failures", "first at/s"),
    ...["phase", "kind", "service", "counted as", "outcome", "longest", "first target", "why"].map((title) => ({
      title
    }))
  ]
  const leftOut = groups.length - most
  return [
    renderRows(columns, rows),
    ...(leftOut > 0 ? [`and ${leftOut} more kinds of failure`] : []),
    ...(report.failuresLeftOut > 0 ? [`and ${report.failuresLeftOut} failures beyond the first that were kept`] : [])
  ].join("\n")
}

/** The whole report. */
export const renderTable = (report: LoadReport): string =>
  [
    ...report.phases.map(renderPhase),
    ["all phases", "", renderRows(requestColumns, [requestRow("all", report.total)])].join("\n"),
    ...(report.failures.length === 0 ? [] : [renderFailures(report)])
  ].join("\n\n")
