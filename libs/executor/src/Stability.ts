/**
 * What has held for how long, kept from reading to reading: since when each task has been seen serving, and since when the
 * set of nodes that take tasks has not changed. Times are this process's own observation, never the nodes' clocks.
 */
import type { TaskId } from "@evenkeel/domain/Ids"
import type { Snapshot } from "@evenkeel/domain/Snapshot"

export interface Stability {
  /** Task → when it was first seen serving, in milliseconds of this process's clock, without a gap since. */
  readonly servingSinceMillis: ReadonlyMap<TaskId, number>
  /** The ids of the nodes that take tasks, sorted and joined. */
  readonly schedulableNodes: string
  readonly nodesUnchangedSinceMillis: number
}

/** Before the first reading: nothing is known to have held. */
export const initial = (nowMillis: number): Stability => ({
  servingSinceMillis: new Map(),
  schedulableNodes: "",
  nodesUnchangedSinceMillis: nowMillis
})

/** What is known after one more reading. */
export const observe = (before: Stability, snapshot: Snapshot, nowMillis: number): Stability => {
  const schedulableNodes = snapshot.nodes
    .filter((node) => node.isSchedulable)
    .map((node) => node.id)
    .join(" ")
  return {
    servingSinceMillis: new Map(
      snapshot.tasks
        .filter((task) => task.isServing)
        .map((task) => [task.id, before.servingSinceMillis.get(task.id) ?? nowMillis])
    ),
    schedulableNodes,
    nodesUnchangedSinceMillis:
      schedulableNodes === before.schedulableNodes ? before.nodesUnchangedSinceMillis : nowMillis
  }
}
