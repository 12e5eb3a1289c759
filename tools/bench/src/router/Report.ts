/** The figures of one run gathered and printed: medians of all rounds, ratios to each proxy, verdicts. Pure. */
import { median } from "../Quantile.ts"
import type { Sample } from "./Case.ts"
import type { Extras } from "./Extras.ts"
import type { CaseName } from "./Flags.ts"
import type { Unmeasured, Verdict } from "./Gates.ts"
import type { Peer } from "./Peer.ts"

export interface Row {
  readonly peer: string
  readonly case: CaseName
  readonly cpuMicros: number
  readonly userMicros: number
  /** Smallest and largest of the rounds. */
  readonly spread: readonly [number, number]
  readonly perSecond: number
  readonly requests: number
  readonly rounds: number
}

export interface Summary {
  readonly versions: Readonly<Record<string, string>>
  /** Proxies that were asked for and could not be started, with the reason. */
  readonly leftOut: Readonly<Record<string, string>>
  readonly rows: ReadonlyArray<Row>
  readonly extras: Extras
  readonly faults: ReadonlyArray<string>
}

export const summarise = (
  peers: ReadonlyArray<Pick<Peer, "name" | "version">>,
  samples: ReadonlyArray<Sample>,
  extras: Extras,
  faults: ReadonlyArray<string>,
  leftOut: Readonly<Record<string, string>> = {}
): Summary => ({
  versions: Object.fromEntries(peers.map(({ name, version }) => [name, version])),
  leftOut,
  rows: [...Map.groupBy(samples, (sample) => `${sample.case} ${sample.peer}`).values()].flatMap((list) => {
    const [first] = list
    if (first === undefined) return []
    const cpu = list.map(({ cpuMicros }) => cpuMicros)
    return [
      {
        peer: first.peer,
        case: first.case,
        cpuMicros: median(cpu),
        userMicros: median(list.map(({ userMicros }) => userMicros)),
        spread: [Math.min(...cpu), Math.max(...cpu)] as const,
        perSecond: median(list.map(({ perSecond }) => perSecond)),
        requests: list.reduce((sum, { requests }) => sum + requests, 0),
        rounds: list.length
      }
    ]
  }),
  extras,
  faults
})

const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2))

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

const cpuTables = ({ rows, versions }: Summary): string =>
  [...Map.groupBy(rows, (row) => row.case)]
    .map(([name, list]) => {
      const router = list.find(({ peer }) => peer === "router")?.cpuMicros
      return `${name}\n${table([
        ["", "CPU µs", "user µs", "from", "to", "rounds", "requests/s", "router is"],
        ...list.map((row) => [
          `  ${row.peer} ${versions[row.peer] ?? ""}`,
          figure(row.cpuMicros),
          figure(row.userMicros),
          figure(row.spread[0]),
          figure(row.spread[1]),
          String(row.rounds),
          row.perSecond.toFixed(0),
          router === undefined || row.peer === "router" ? "" : `${(router / row.cpuMicros).toFixed(2)}×`
        ])
      ])}`
    })
    .join("\n\n")

const extraTables = ({ extras }: Summary): ReadonlyArray<string> => {
  const { idle, latency, transfers } = extras
  const parts: Array<string> = []
  if (latency.length > 0)
    parts.push(
      `latency at half load\n${table([
        ["", "requests/s", "p50 ms", "p99 ms", "of it late load", "failed"],
        ...latency.map((one) => [
          `  ${one.peer}`,
          String(one.perSecond),
          figure(one.p50Ms),
          figure(one.p99Ms),
          figure(one.lateP99Ms),
          String(one.failed)
        ])
      ])}`
    )
  if (idle.length > 0)
    parts.push(
      `idle WebSockets\n${table([
        ["", "open", "KiB each"],
        ...idle.map((one) => [`  ${one.peer}`, String(one.open), figure(one.bytesEach / 1_024)])
      ])}`
    )
  if (transfers.length > 0)
    parts.push(
      `1 GiB through\n${table([
        ["", "MiB/s", "growth MiB", "bytes"],
        ...transfers.map((one) => [
          `  ${one.peer} ${one.direction}`,
          figure(one.bytes / one.seconds / 1_048_576),
          figure(one.growthBytes / 1_048_576),
          String(one.bytes)
        ])
      ])}`
    )
  return parts
}

const verdictTable = (verdicts: ReadonlyArray<Verdict>, missing: ReadonlyArray<Unmeasured>): string =>
  table([
    ["", "is", "gate", "aim", ""],
    ...verdicts.map(({ aim, gate, holds, reachesAim, unit, value, what }) => [
      what,
      `${figure(value)} ${unit}`,
      gate === Infinity ? "-" : `${gate} ${unit}`,
      `${aim} ${unit}`,
      holds ? (reachesAim ? "aim reached" : "holds") : "MISSED"
    ]),
    ...missing.map(({ matters, what }) => [what, "-", "-", "-", matters ? "NOT MEASURED" : "not measured"])
  ])

const proxiesLeftOut = ({ leftOut }: Summary): ReadonlyArray<string> =>
  Object.entries(leftOut).map(([peer, reason]) => `LEFT OUT: ${peer}: ${reason}`)

export const render = (
  summary: Summary,
  verdicts: ReadonlyArray<Verdict>,
  missing: ReadonlyArray<Unmeasured>
): string =>
  [
    ...(summary.rows.length === 0 ? [] : ["CPU per request, median of the rounds", cpuTables(summary)]),
    ...extraTables(summary),
    verdictTable(verdicts, missing),
    ...proxiesLeftOut(summary),
    summary.faults.length === 0
      ? "All bodies and counts were as they should be."
      : `FAULTS\n${summary.faults.map((fault) => `  ${fault}`).join("\n")}`
  ].join("\n\n") + "\n"
