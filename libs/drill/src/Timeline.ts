/** What happened when, as text: each event with its time since the start and since the one before. Pure. */
import { renderRows } from "./TextTable.ts"

export interface TimelineEvent {
  /** Milliseconds, on any clock that all events share. */
  readonly atMs: number
  /** Who or what it happened to, e.g. a node's name. */
  readonly subject: string
  readonly text: string
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1)

/** The events in the order of their times; `startMs` is what `t` counts from, by default the first event. */
export const renderTimeline = (events: ReadonlyArray<TimelineEvent>, startMs?: number): string => {
  const ordered = [...events].sort((left, right) => left.atMs - right.atMs)
  const start = startMs ?? ordered[0]?.atMs ?? 0
  let previous = start
  const rows = ordered.map(({ atMs, subject, text }) => {
    const row = [seconds(atMs - start), `+${seconds(atMs - previous)}`, subject, text]
    previous = atMs
    return row
  })
  return renderRows(
    [{ title: "t/s", align: "right" }, { title: "step/s", align: "right" }, { title: "on" }, { title: "event" }],
    rows
  )
}
