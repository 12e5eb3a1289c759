/**
 * What has held for how long, kept from reading to reading: since when each task has been seen serving, and since when the
 * set of nodes that take tasks has not changed. Times are this process's own observation, never the nodes' clocks.
 */
import type { ServiceId, TaskId } from "@evenkeel/domain/Ids"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import type { Task } from "@evenkeel/domain/Task"

/** Of one service. */
interface Serving {
  /** The tasks it was made of: while they are the same list, nothing has changed. */
  readonly tasks: ReadonlyArray<Task>
  /** Task → when it was first seen serving, in milliseconds of this process's clock, without a gap since. */
  readonly sinceMillis: ReadonlyMap<TaskId, number>
}

export interface Stability {
  readonly serving: ReadonlyMap<ServiceId, Serving>
  /** The ids of the nodes that take tasks, sorted and joined. */
  readonly schedulableNodes: string
  readonly nodesUnchangedSinceMillis: number
}

/** Before the first reading: nothing is known to have held. */
export const initial = (nowMillis: number): Stability => ({
  serving: new Map(),
  schedulableNodes: "",
  nodesUnchangedSinceMillis: nowMillis
})

/** Since when the service's task has been seen serving without a gap; undefined when it does not serve. */
export const servingSinceMillis = (stability: Stability, service: ServiceId, task: TaskId): number | undefined =>
  stability.serving.get(service)?.sinceMillis.get(task)

const servingOf = (before: Serving | undefined, tasks: ReadonlyArray<Task>, nowMillis: number): Serving =>
  before?.tasks === tasks
    ? before
    : {
        tasks,
        sinceMillis: new Map(
          tasks
            .filter(({ isServing }) => isServing)
            .map(({ id }) => [id, before?.sinceMillis.get(id) ?? nowMillis] as const)
        )
      }

/** What is known after one more reading. */
export const observe = (before: Stability, snapshot: Snapshot, nowMillis: number): Stability => {
  const schedulableNodes = snapshot.nodes
    .filter((node) => node.isSchedulable)
    .map((node) => node.id)
    .join(" ")
  return {
    serving: new Map(
      snapshot.services.map(
        ({ id }) => [id, servingOf(before.serving.get(id), snapshot.tasksOfService(id), nowMillis)] as const
      )
    ),
    schedulableNodes,
    nodesUnchangedSinceMillis:
      schedulableNodes === before.schedulableNodes ? before.nodesUnchangedSinceMillis : nowMillis
  }
}
