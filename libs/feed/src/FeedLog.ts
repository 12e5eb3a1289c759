/**
 * One rebalancer's tables in the order they were read: the latest, its version, and the last changes as ready-made frames, so
 * that a router that comes back gets what it missed instead of everything. Pure; it decides what is sent, not to whom.
 */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import { encodeServerMessage, type FeedVersion } from "./FeedProtocol.ts"
import * as TableDelta from "./TableDelta.ts"

/** A table as it was read from the Swarm. */
export interface FeedReading {
  readonly table: RoutingTable
  /** The largest `Version.Index` of what was read. It may fall when an object is removed; the version sent never does. */
  readonly raftIndex: number
  /** Whether the managers had a quorum when it was read. */
  readonly quorum: boolean
  /** When it was read, milliseconds of the Unix epoch. */
  readonly readAtMillis: number
}

interface Frame {
  readonly sequence: number
  readonly text: string
}

export interface FeedLog {
  readonly instance: string
  readonly historyLimit: number
  readonly latest: {
    readonly version: FeedVersion
    readonly table: RoutingTable
    /** The table's own frame, made when first asked for. */
    readonly tableFrame: () => string
  } | null
  /** Frames of the changes that led to `latest`, oldest first, without gaps. */
  readonly deltas: ReadonlyArray<Frame>
}

/** Changes kept, in UTF-16 units of all together: beyond that the table itself is the shorter way, or near enough. */
const historyLength = 4 << 20

/** The last `limit` of `frames`, and of those as many as are short enough together; the last one in any case. */
const recent = (frames: ReadonlyArray<Frame>, limit: number): ReadonlyArray<Frame> => {
  let from = frames.length - 1
  let length = frames[from]?.text.length ?? 0
  while (from > 0 && frames.length - from < limit) {
    length += frames[from - 1]?.text.length ?? 0
    if (length > historyLength) break
    from--
  }
  return frames.slice(Math.max(0, from))
}

export const empty = (instance: string, historyLimit = 256): FeedLog => ({
  instance,
  historyLimit,
  latest: null,
  deltas: []
})

const tableFrame = (version: FeedVersion, table: RoutingTable): (() => string) => {
  let text: string | undefined
  return () => (text ??= encodeServerMessage({ type: "table", version, table }))
}

const latestOf = (version: FeedVersion, table: RoutingTable) => ({
  version,
  table,
  tableFrame: tableFrame(version, table)
})

/** Takes a reading in. `frame` is what all connected routers are to be sent: null where the table stayed the same. */
export const record = (
  log: FeedLog,
  reading: FeedReading
): { readonly log: FeedLog; readonly frame: string | null } => {
  const before = log.latest
  const delta = before === null ? null : TableDelta.diff(before.table, reading.table)
  const isChanged = before === null || delta !== null
  const version: FeedVersion = {
    instance: log.instance,
    sequence: (before?.version.sequence ?? 0) + (isChanged ? 1 : 0),
    raftIndex: Math.max(before?.version.raftIndex ?? 0, reading.raftIndex),
    quorum: reading.quorum,
    confirmedAtMillis: reading.quorum ? reading.readAtMillis : (before?.version.confirmedAtMillis ?? 0)
  }
  const table = before === null || isChanged ? reading.table : before.table
  const latest = latestOf(version, table)
  if (before === null) return { log: { ...log, latest }, frame: latest.tableFrame() }
  if (delta === null) return { log: { ...log, latest }, frame: null }
  const text = encodeServerMessage({ type: "delta", from: before.version.sequence, version, delta })
  const deltas = recent([...log.deltas, { sequence: version.sequence, text }], log.historyLimit)
  return { log: { ...log, latest, deltas }, frame: text }
}

/** The log of an instance that has not been able to read for a while: what it holds may be of the past. */
export const withoutQuorum = (log: FeedLog): FeedLog =>
  log.latest === null || !log.latest.version.quorum
    ? log
    : { ...log, latest: latestOf({ ...log.latest.version, quorum: false }, log.latest.table) }

export const heartbeat = (log: FeedLog): string =>
  encodeServerMessage({ type: "heartbeat", version: log.latest?.version ?? null })

/**
 * Frames that bring a router up to date which holds `resume`: what changed since, where the history reaches back and is the
 * shorter way, else the table; nothing but a heartbeat where it is up to date.
 */
export const catchUp = (
  log: FeedLog,
  resume: { readonly instance: string; readonly sequence: number } | undefined
): ReadonlyArray<string> => {
  if (log.latest === null) return [heartbeat(log)]
  const { sequence } = log.latest.version
  const isKnown = resume !== undefined && resume.instance === log.instance && resume.sequence <= sequence
  if (!isKnown) return [log.latest.tableFrame()]
  if (resume.sequence === sequence) return [heartbeat(log)]
  const missed = log.deltas.filter((frame) => frame.sequence > resume.sequence)
  const reachesBack = missed.length === sequence - resume.sequence
  if (!reachesBack) return [log.latest.tableFrame()]
  const bytes = missed.reduce((sum, { text }) => sum + text.length, 0)
  const isShorter = missed.length === 1 || bytes < log.latest.tableFrame().length
  return isShorter ? [...missed.map(({ text }) => text), heartbeat(log)] : [log.latest.tableFrame()]
}
