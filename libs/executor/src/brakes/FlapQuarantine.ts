/**
 * Leaves a node alone that comes and goes: it neither gets nor gives tasks for a while, twice as long each time in a row. A
 * loss is a change from ready to down. A change to `unknown`, which a new raft leader makes of all nodes, is none, and neither
 * is whatever a node does while an operator has it drained or paused.
 */
import type { NodeId } from "@evenkeel/domain/Ids"
import type { Node } from "@evenkeel/domain/Node"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Brake } from "./Brake.ts"
import type { BrakeSettings } from "./BrakeSettings.ts"
import { type Policy, type Quarantine, quarantinesAt } from "./Policy.ts"

/** What one instance has seen of the nodes. */
export interface NodeLosses {
  /** The nodes that were in service when they were last seen either ready or down. */
  readonly wasReady: ReadonlySet<NodeId>
  /** When nodes were lost, oldest first, as far back as any quarantine looks. */
  readonly lostAtMillis: ReadonlyMap<NodeId, ReadonlyArray<number>>
}

export const nothingSeen: NodeLosses = { wasReady: new Set(), lostAtMillis: new Map() }

/** Losses beyond this number say nothing more. */
const lossesKept = 32

const isKnown = ({ state }: Node): boolean => state === "ready" || state === "down"

/** What is known after one more reading. The same value when nothing happened. */
export const observe = (before: NodeLosses, snapshot: Snapshot, nowMillis: number): NodeLosses => {
  const wasReady = new Set<NodeId>()
  const lost: Array<NodeId> = []
  for (const node of snapshot.nodes) {
    const isReady = isKnown(node)
      ? node.state === "ready" && node.availability === "active"
      : before.wasReady.has(node.id)
    if (isReady) wasReady.add(node.id)
    else if (before.wasReady.has(node.id) && node.state === "down" && node.availability === "active") lost.push(node.id)
  }
  const isSame = wasReady.size === before.wasReady.size && wasReady.isSubsetOf(before.wasReady)
  if (isSame && lost.length === 0) return before
  const lostAtMillis = new Map([...before.lostAtMillis].filter(([id]) => snapshot.node(id) !== undefined))
  for (const id of lost) lostAtMillis.set(id, [...(lostAtMillis.get(id) ?? []), nowMillis].slice(-lossesKept))
  return { wasReady, lostAtMillis }
}

/** Quarantines that should begin now. Losses from before the last quarantine began do not count again. */
export const due = (
  losses: NodeLosses,
  policy: Policy,
  settings: BrakeSettings,
  snapshot: Snapshot,
  nowMillis: number
): ReadonlyArray<Quarantine> =>
  snapshot.nodes.flatMap((node) => {
    const last = policy.quarantines.find((quarantine) => quarantine.node === node.id)
    if (last !== undefined && nowMillis < last.untilMillis) return []
    const since = Math.max(nowMillis - settings.quarantineWithinMillis, last?.sinceMillis ?? -Infinity)
    const counted = (losses.lostAtMillis.get(node.id) ?? []).filter((at) => at > since)
    if (counted.length < settings.quarantineFlaps) return []
    const isInARow = last !== undefined && nowMillis - last.untilMillis <= settings.quarantineMaxMillis
    const level = isInARow ? last.level + 1 : 1
    const durationMillis = Math.min(
      settings.quarantineMillis * 2 ** Math.min(level - 1, 30),
      settings.quarantineMaxMillis
    )
    return [
      { node: node.id, hostname: node.hostname, level, sinceMillis: nowMillis, untilMillis: nowMillis + durationMillis }
    ]
  })

/** The policy with these quarantines; those that no further one could follow are forgotten. */
export const withQuarantines = (
  policy: Policy,
  begun: ReadonlyArray<Quarantine>,
  settings: BrakeSettings,
  nowMillis: number
): Policy => {
  const fresh = new Set(begun.map(({ node }) => node))
  const kept = policy.quarantines.filter(
    ({ node, untilMillis }) => !fresh.has(node) && nowMillis - untilMillis <= settings.quarantineMaxMillis
  )
  return { ...policy, quarantines: [...kept, ...begun] }
}

export const brake: Brake = {
  name: "quarantine",
  decides: "whether a node comes and goes too often to be given or relieved of tasks",
  settings: ["quarantineFlaps", "quarantineWithinMillis", "quarantineMillis", "quarantineMaxMillis"],
  yieldsToApproval: false,
  engaged: ({ nowMillis, state }) =>
    quarantinesAt(state.policy, nowMillis).map(({ hostname, level, node, untilMillis }) => ({
      brake: "quarantine",
      scope: { kind: "node", node, name: hostname },
      reason: `node ${hostname} comes and goes: quarantine ${level} in a row`,
      untilMillis
    }))
}
