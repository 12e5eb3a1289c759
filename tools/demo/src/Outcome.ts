/** Whether the runs were as promised, and the table that compares them. Pure. */
import { renderRows } from "@evenkeel/drill/TextTable"
import { type RunResult, runTitles } from "./Story.ts"

/** What Evenkeel's run must have gone through. */
const wholeStory = ["starting", "steady", "lost", "restored", "returned", "moving", "balanced"] as const

/** Broken streams are open again within this, of the clock's time. */
const streamBackMs = 3_000

const counts = (placement: ReadonlyArray<number>): string => placement.join("-")

/** One line for each promise that was not kept; empty: all were. */
export const problemsOf = (others: ReadonlyArray<RunResult>, evenkeel: RunResult): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const promise = (isKept: boolean, otherwise: string): void => void (isKept || problems.push(otherwise))
  for (const { placement, requests, run, secondsToRestore } of [...others, evenkeel]) {
    const title = runTitles[run]
    promise(counts(placement.steady) === "3-3-3", `${title}: began with ${counts(placement.steady)}, expected 3-3-3`)
    promise(secondsToRestore !== null, `${title}: Swarm did not restore every replica`)
    promise(requests.sent > 0, `${title}: no request was sent`)
    promise(requests.notSent === 0, `${title}: ${requests.notSent} requests could not be sent`)
  }
  const missing = wholeStory.filter((phase) => !evenkeel.phases.includes(phase))
  const { groupAtEnd, requests, trioAtEnd } = evenkeel
  promise(missing.length === 0, `Evenkeel: the story lacks ${missing.join(", ")}`)
  promise(counts(groupAtEnd) === "2-2-2", `Evenkeel: the six VVMs ended as ${counts(groupAtEnd)}, expected 2-2-2`)
  promise(counts(trioAtEnd) === "1-1-1", `Evenkeel: trio ended as ${counts(trioAtEnd)}, expected 1-1-1`)
  const { longestAwayMs, opened, stillAway } = requests.streams
  promise(opened > 0, "Evenkeel: no stream was opened")
  promise(
    stillAway === 0 && longestAwayMs <= streamBackMs,
    `Evenkeel: a stream was gone for ${longestAwayMs} ms, ${stillAway} are not open again; expected ${streamBackMs} ms at most`
  )
  promise(requests.lost === 0, `Evenkeel: ${requests.lost} requests lost: ${requests.lostSamples.join("; ")}`)
  return problems
}

const seconds = (value: number | null): string => (value === null ? "never" : `${value.toFixed(1)} s`)
const millis = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`

type Row = readonly [title: string, of: (result: RunResult) => string]

const rows: ReadonlyArray<Row> = [
  ["restored after (simulated)", ({ secondsToRestore }) => seconds(secondsToRestore)],
  ["even again after return (simulated)", ({ secondsToBalance }) => seconds(secondsToBalance)],
  ["placement before the loss", ({ placement }) => counts(placement.steady)],
  ["placement after recovery", ({ placement }) => counts(placement.end)],
  ["tasks restarted by the loss", ({ replaced }) => String(replaced)],
  ["tasks moved afterwards", ({ moved }) => String(moved)],
  ["requests sent", ({ requests }) => String(requests.sent)],
  ["requests lost", ({ requests }) => String(requests.lost)],
  ["POSTs and half answers cut", ({ requests }) => String(requests.cut)],
  ["failed at the lost node's entry", ({ requests }) => String(requests.onLostNode)],
  ["streams opened / broken", ({ requests: { streams } }) => `${streams.opened} / ${streams.broken}`],
  [
    "longest until open again",
    ({ requests: { streams } }) => (streams.stillAway > 0 ? "still away" : millis(streams.longestAwayMs))
  ],
  ["latency p50 / p99", ({ requests }) => `${millis(requests.p50Ms)} / ${millis(requests.p99Ms)}`],
  ["longest wait for an answer", ({ requests }) => millis(requests.longestMs)]
]

/** The runs side by side. */
export const compare = (runs: ReadonlyArray<RunResult>): string =>
  renderRows(
    [{ title: "" }, ...runs.map(({ run }) => ({ title: runTitles[run], align: "right" as const }))],
    rows.map(([title, of]) => [title, ...runs.map(of)])
  )
