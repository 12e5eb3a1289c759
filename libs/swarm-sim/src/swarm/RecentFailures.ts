/** Failures of a service's version on each node within five minutes (swarmkit `manager/scheduler/nodeinfo.go:taskFailed`). */
import type { NodeId } from "@evenkeel/domain/Ids"
import type { TaskRecord } from "./Records.ts"

const monitoredMillis = 5 * 60_000

const noFailures: ReadonlyMap<NodeId, number> = new Map()

export class RecentFailures {
  readonly #times = new Map<string, Map<NodeId, Array<number>>>()

  record(task: TaskRecord, nowMillis: number): void {
    const key = `${task.serviceId}/${task.template.specVersion}`
    const byNode = this.#times.get(key) ?? new Map<NodeId, Array<number>>()
    this.#times.set(key, byNode)
    const node = task.nodeId as NodeId
    const recent = (byNode.get(node) ?? []).filter((time) => nowMillis - time < monitoredMillis)
    byNode.set(node, [...recent, nowMillis])
  }

  /** By node; nodes without any are left out. */
  of(serviceId: string, specVersion: number, nowMillis: number): ReadonlyMap<NodeId, number> {
    const byNode = this.#times.get(`${serviceId}/${specVersion}`)
    if (byNode === undefined) return noFailures
    const counts = new Map<NodeId, number>()
    for (const [node, times] of byNode) {
      const count = times.filter((time) => nowMillis - time <= monitoredMillis).length
      if (count > 0) counts.set(node, count)
      else byNode.delete(node)
    }
    return counts
  }
}
