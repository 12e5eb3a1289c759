/**
 * Which of several rebalancers' tables is in force. A table confirmed by a quorum outranks one that is not; then the later
 * one by raft index; among equals the current one stays. Never back to an earlier table, even when the feed of the current one is gone:
 * only when every connected feed with a quorum has been saying something earlier for ten seconds has the Swarm itself gone
 * back (restored from a backup), and the latest of them is taken. Pure; time is handed in.
 */
import type { RoutingTable } from "@evenkeel/domain/RoutingTable"
import type { FeedVersion } from "./FeedProtocol.ts"

/** The latest that is known from one feed. */
export interface Candidate {
  /** The feed's address. */
  readonly source: string
  readonly connected: boolean
  readonly version: FeedVersion
  readonly table: RoutingTable
}

export interface Choice {
  /** In force; null until the first table arrives. */
  readonly current: Omit<Candidate, "connected"> | null
  /** Since when all feeds with a quorum have been behind `current`; null while they are not. */
  readonly behindSinceMillis: number | null
}

export const none: Choice = { current: null, behindSinceMillis: null }

/** How long all feeds with a quorum must be behind before their word counts. */
export const restoredAfterMillis = 10_000

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Best first; the source's name makes it total, so that equal candidates give equal choices. */
const byRank = (a: Candidate, b: Candidate): number =>
  Number(b.version.quorum) - Number(a.version.quorum) ||
  b.version.raftIndex - a.version.raftIndex ||
  b.version.confirmedAtMillis - a.version.confirmedAtMillis ||
  compareText(a.source, b.source)

const adopted = ({ source, table, version }: Candidate): Choice => ({
  current: { source, table, version },
  behindSinceMillis: null
})

const outranks = (candidate: FeedVersion, current: FeedVersion, currentIsConnected: boolean): boolean => {
  if (candidate.raftIndex < current.raftIndex) return false
  if (!currentIsConnected) return true
  if (candidate.quorum !== current.quorum) return candidate.quorum
  return candidate.raftIndex > current.raftIndex
}

/** The choice after `candidates` are known, at `nowMillis` (monotonic or wall, always the same). */
export const choose = (choice: Choice, candidates: ReadonlyArray<Candidate>, nowMillis: number): Choice => {
  const connected = candidates.filter((candidate) => candidate.connected).toSorted(byRank)
  if (choice.current === null) {
    const [best] = connected
    return best === undefined ? choice : adopted(best)
  }
  // The instance in force supersedes itself: its sequence counts, and it alone knows whether it still has a quorum.
  const { current: before } = choice
  const own = connected.find(
    ({ source, version }) =>
      source === before.source &&
      version.instance === before.version.instance &&
      version.sequence >= before.version.sequence
  )
  const current = own === undefined ? before : { source: own.source, table: own.table, version: own.version }
  const better = connected.find(
    (candidate) => candidate !== own && outranks(candidate.version, current.version, own !== undefined)
  )
  if (better !== undefined) return adopted(better)

  const confirmed = connected.filter(({ version }) => version.quorum)
  const latest = confirmed.find(({ version }) => version.raftIndex >= current.version.raftIndex)
  const [bestConfirmed] = confirmed
  if (bestConfirmed === undefined || latest !== undefined) return { current, behindSinceMillis: null }
  const behindSinceMillis = choice.behindSinceMillis ?? nowMillis
  if (nowMillis - behindSinceMillis >= restoredAfterMillis) return adopted(bestConfirmed)
  return { current, behindSinceMillis }
}
