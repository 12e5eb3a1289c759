/**
 * Decides which nodes have fallen silent, from the heartbeats of their routers. Pure: every function takes the time (monotonic
 * milliseconds) and returns the next state.
 *
 * - A peer that was heard and then misses three beats (and `slackMillis` more) is silent until it is heard again.
 * - A peer that was never heard is not: its router may be starting, or its beats may be filtered.
 * - A peer that left the routing table, or said goodbye, is forgotten: its router was stopped on purpose.
 * - Hearing nobody while there are two peers or more says that we are cut off, not they: then nobody is silent. (Two peers
 *   of two that die within one second look the same; their endpoints are then left to connect failures.)
 * - After a stall of our own, beats may lie unread: nobody is newly silent until a whole window has passed.
 */
import type { NodeId } from "@evenkeel/domain/Ids"

export const beatMillis = 300
const missedBeats = 3
/** Lateness that is nobody's fault: timers and the network. */
const slackMillis = 150
/** A peer unheard for longer than this is silent. */
export const windowMillis = missedBeats * beatMillis + slackMillis
/** Two ticks further apart than this are a stall of our own. */
const stallMillis = 600

export interface NodeSilence {
  /** When each peer was last heard; null: never. */
  readonly heardAtMillis: ReadonlyMap<NodeId, number | null>
  readonly silent: ReadonlySet<NodeId>
  /** Hearing nobody although there are peers to hear. */
  readonly cutOff: boolean
  readonly tickedAtMillis: number | null
  readonly judgeFromMillis: number
}

export const empty: NodeSilence = {
  heardAtMillis: new Map(),
  silent: new Set(),
  cutOff: false,
  tickedAtMillis: null,
  judgeFromMillis: 0
}

/** Exactly `peers` are watched from now on. */
export const watch = (state: NodeSilence, peers: ReadonlyArray<NodeId>): NodeSilence => {
  const isSame = peers.length === state.heardAtMillis.size && peers.every((peer) => state.heardAtMillis.has(peer))
  if (isSame) return state
  const heardAtMillis = new Map(peers.map((peer) => [peer, state.heardAtMillis.get(peer) ?? null]))
  return { ...state, heardAtMillis, silent: new Set([...state.silent].filter((peer) => heardAtMillis.has(peer))) }
}

const without = (silent: ReadonlySet<NodeId>, peer: NodeId): ReadonlySet<NodeId> =>
  silent.has(peer) ? new Set([...silent].filter((one) => one !== peer)) : silent

/** A beat came from `peer`; beats of strangers are ignored. */
export const heard = (state: NodeSilence, peer: NodeId, nowMillis: number): NodeSilence =>
  state.heardAtMillis.has(peer)
    ? {
        ...state,
        heardAtMillis: new Map(state.heardAtMillis).set(peer, nowMillis),
        silent: without(state.silent, peer),
        cutOff: false
      }
    : state

/** `peer` said that it stops: as if it had never been heard. */
export const saidGoodbye = (state: NodeSilence, peer: NodeId): NodeSilence =>
  state.heardAtMillis.has(peer)
    ? {
        ...state,
        heardAtMillis: new Map(state.heardAtMillis).set(peer, null),
        silent: without(state.silent, peer)
      }
    : state

/** Judges; to be called once a beat. */
export const tick = (state: NodeSilence, nowMillis: number): NodeSilence => {
  const hasStalled = state.tickedAtMillis !== null && nowMillis - state.tickedAtMillis > stallMillis
  const judgeFromMillis = hasStalled ? nowMillis + windowMillis : state.judgeFromMillis
  const ticked = { ...state, tickedAtMillis: nowMillis, judgeFromMillis }
  if (nowMillis < judgeFromMillis) return ticked
  const everHeard = [...state.heardAtMillis].filter((entry): entry is [NodeId, number] => entry[1] !== null)
  const silent = everHeard.filter(([, at]) => nowMillis - at > windowMillis).map(([peer]) => peer)
  const cutOff = state.heardAtMillis.size >= 2 && silent.length > 0 && silent.length === everHeard.length
  return { ...ticked, silent: new Set(cutOff ? [] : silent), cutOff }
}
