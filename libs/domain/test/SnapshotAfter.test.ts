import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { NodeId, ServiceId, TaskId } from "../src/Ids.ts"
import { Snapshot } from "../src/Snapshot.ts"
import type { Task } from "../src/Task.ts"

interface Sample {
  readonly id: string
  readonly service: string
  readonly node: string | null
}

/** All that a snapshot looks at. */
const task = ({ id, node, service }: Sample): Task =>
  ({
    id: TaskId.make(id),
    service: ServiceId.make(service),
    node: node === null ? null : NodeId.make(node),
    version: 1
  }) as Task

const contents = { nodes: [], services: [], networks: [], readBy: NodeId.make("n1"), readAtMillis: 0 }
const serviceIds = ["s1", "s2", "s3"].map((id) => ServiceId.make(id))
const nodeIds = ["n1", "n2", "n3"].map((id) => NodeId.make(id))

const seen = (snapshot: Snapshot) => ({
  tasks: snapshot.tasks,
  byService: serviceIds.map((id) => snapshot.tasksOfService(id)),
  byNode: nodeIds.map((id) => snapshot.tasksOnNode(id)),
  byId: snapshot.tasks.map(({ id }) => snapshot.task(id))
})

const samples = FastCheck.uniqueArray(
  FastCheck.record({
    id: FastCheck.stringMatching(/^[a-f]{1,2}$/),
    service: FastCheck.constantFrom("s1", "s2", "s3"),
    node: FastCheck.constantFrom(null, "n1", "n2", "n3")
  }),
  { selector: ({ id }) => id, maxLength: 30 }
)

describe("a snapshot after a change", () => {
  it("is the one that would have been made anew", () => {
    FastCheck.assert(
      FastCheck.property(samples, samples, FastCheck.subarray(serviceIds), (before, after, changed) => {
        const isChanged = (service: string) => changed.some((id) => id === service)
        const kept = before.filter(({ service }) => !isChanged(service))
        const added = after.filter(({ id, service }) => isChanged(service) && !kept.some((other) => other.id === id))
        const tasks = kept.map(task)
        const fresh = added.map(task)
        const gone = before.filter(({ service }) => isChanged(service)).map(task)
        const first = new Snapshot({ ...contents, tasks: [...tasks, ...gone] })
        const tasksOf = new Map(changed.map((id) => [id, fresh.filter(({ service }) => service === id)]))
        expect(seen(first.after({ ...contents, tasksOf }))).toEqual(
          seen(new Snapshot({ ...contents, tasks: [...tasks, ...fresh] }))
        )
      })
    )
  })

  it("keeps the very lists that did not change", () => {
    const [a, b] = [task({ id: "a", service: "s1", node: "n1" }), task({ id: "b", service: "s2", node: "n2" })]
    const first = new Snapshot({ ...contents, tasks: [a, b] })
    const [s1, s2] = serviceIds
    const [n1, n2] = nodeIds
    if (s1 === undefined || s2 === undefined || n1 === undefined || n2 === undefined) throw new Error("they are there")
    const same = first.after({ ...contents, tasksOf: new Map([[s1, [a]]]) })
    expect(same.tasks).toBe(first.tasks)
    const changed = first.after({ ...contents, tasksOf: new Map([[s1, []]]) })
    expect(changed.tasks).toEqual([b])
    expect(changed.tasksOfService(s2)).toBe(first.tasksOfService(s2))
    expect(changed.tasksOnNode(n2)).toBe(first.tasksOnNode(n2))
    expect(changed.tasksOnNode(n1)).toEqual([])
    expect(first.tasks).toEqual([a, b])
  })
})
