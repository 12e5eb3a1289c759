/** Commands on nodes and on the Swarm itself (swarmkit `manager/controlapi/{node,cluster}.go`). */
import { at, numberAt, recordAt, textAt, textsAt, withPlainNumbers } from "./Json.ts"
import type { Machine } from "./Machine.ts"
import type { Managers } from "./Managers.ts"
import { failedPrecondition, invalidArgument, notFound, outOfSequence, plain, succeed } from "./Outcomes.ts"
import type { EngineJson, Outcome } from "./SwarmPort.ts"
import { stateRanks } from "@evenkeel/domain/Task"

export const updateNode = (
  { store }: Machine,
  managers: Managers,
  id: string,
  version: bigint,
  posted: EngineJson
): Outcome<null> => {
  const spec = recordAt({ spec: withPlainNumbers(posted) }, "spec")
  const [role, availability] = [textAt(spec, "Role"), textAt(spec, "Availability")]
  if (!["worker", "manager"].includes(role)) return plain("InvalidArgument", `invalid Role: "${role}"`)
  if (!["active", "pause", "drain"].includes(availability))
    return plain("InvalidArgument", `invalid Availability: "${availability}"`)
  const node = store.nodes.get(id)
  if (node === undefined) return notFound("node", id)
  if (node.spec["Role"] === "manager" && role === "worker") {
    const others = [...managers.members].filter((member) => member !== id)
    if (others.length === 0) return failedPrecondition("attempting to demote the last manager of the swarm")
    const reachable = managers.reachable.filter((member) => member !== id)
    if (reachable.length * 2 <= others.length)
      return failedPrecondition("can't remove member from the raft: this would result in a loss of quorum")
  }
  if (version !== BigInt(node.version)) return outOfSequence
  const name = textAt(spec, "Name")
  store.update((transaction) =>
    transaction.put({
      ...node,
      spec: {
        ...(name === "" ? {} : { Name: name }),
        Labels: textsAt(spec, "Labels"),
        Role: role,
        Availability: availability
      }
    })
  )
  return succeed(null)
}

/** The node's tasks count as orphaned from then on. */
export const removeNode = (
  { agenda, store }: Machine,
  managers: Managers,
  id: string,
  force: boolean
): Outcome<null> => {
  const node = store.nodes.get(id)
  if (node === undefined) return notFound("node", id)
  if (managers.members.has(id))
    return failedPrecondition(
      `node ${id} is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal`
    )
  if (!force && node.state === "ready") return failedPrecondition(`node ${id} is not down and can't be removed`)
  store.update((transaction) => {
    for (const task of store.tasksOnNode(id))
      if (stateRanks[task.state] < stateRanks.complete)
        transaction.put({
          ...task,
          state: "orphaned",
          message: "Task belonged to a node that has been deleted",
          error: "",
          container: null,
          stateMillis: agenda.nowMillis
        })
    transaction.remove(node)
  })
  return succeed(null)
}

export const updateSwarm = ({ store }: Machine, version: bigint, posted: EngineJson): Outcome<null> => {
  const { cluster } = store
  const spec = recordAt({ spec: withPlainNumbers(posted) }, "spec")
  const name = textAt(spec, "Name")
  if (name !== "" && name !== cluster.spec["Name"])
    return invalidArgument("modification of cluster name is not allowed")
  if ((numberAt(spec, "Dispatcher", "HeartbeatPeriod") ?? 0) < 0)
    return invalidArgument("heartbeat time period cannot be a negative duration")
  if (version !== BigInt(cluster.version)) return outOfSequence
  const merged = Object.fromEntries(
    Object.entries(cluster.spec).map(([field, value]) => [field, at(spec, field) ?? value])
  )
  store.update((transaction) => transaction.put({ ...cluster, spec: { ...merged, Name: cluster.spec["Name"] } }))
  return succeed(null)
}
