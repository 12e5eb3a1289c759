/**
 * Whether the tasks of a service may be moved at all, and if not, why. Looks at the service and its tasks alone; whether
 * moving would help, and where to, is the planner's question.
 *
 * Stateful means: tied to what lies on a node. Every bind mount counts, read-only ones too (what is mounted may differ between
 * hosts), and every volume of the local driver, named or not. Volumes of another driver are taken to follow the task.
 */
import type { NodeId } from "./Ids.ts"
import * as MoveProgress from "./MoveProgress.ts"
import type { KeptReason, Strategy } from "./Plan.ts"
import { type PlannerPolicy } from "./planner/PlannerPolicy.ts"
import * as Constraint from "./rules/Constraint.ts"
import * as MoveLabels from "./planner/MoveLabels.ts"
import * as SpecFacts from "./planner/SpecFacts.ts"
import type { Mount, Service } from "./Service.ts"
import type { Snapshot } from "./Snapshot.ts"
import { stateRank, stateRanks, type Task } from "./Task.ts"

export type Movability =
  | { readonly _tag: "Movable"; readonly strategy: Strategy; readonly tasks: ReadonlyArray<Task> }
  | { readonly _tag: "Fixed"; readonly reason: KeptReason }

const fixed = (reason: KeptReason): Movability => ({ _tag: "Fixed", reason })

/**
 * Judges one service. The reasons are tried from the most lasting to the most passing. `specs`: what is known of its tasks'
 * specs, where the caller needs them too.
 */
export const of = (
  snapshot: Snapshot,
  service: Service,
  policy: PlannerPolicy,
  specs: SpecFacts.SpecFacts = SpecFacts.of(service)
): Movability => {
  const { mode } = service
  if (mode.kind === "global") return fixed({ _tag: "Global" })
  if (mode.kind === "replicated-job" || mode.kind === "global-job") return fixed({ _tag: "Job" })
  if (mode.kind !== "replicated") return fixed({ _tag: "UnknownMode" })
  const { isStopFirst, rebalance } = MoveLabels.of(service)
  if (rebalance === "off") return fixed({ _tag: "OptedOut" })
  const tied = tiedToHost(service)
  if (tied !== null && rebalance !== "force") return fixed(tied)
  if (service.mounts.some(({ type }) => type === "cluster")) return fixed({ _tag: "ClusterVolume" })
  if (mode.replicas === 0) return fixed({ _tag: "NoReplicas" })
  const isSurged = mode.replicas > 1 && !isStopFirst
  if (!isSurged && !service.hasPlacement) return fixed({ _tag: "PlacementAbsent" })
  if (isStopFirst && !policy.allowGaps) return fixed({ _tag: "GapNotAllowed" })
  if (policy.pausedServices.has(service.id)) return fixed({ _tag: "Paused" })
  if (MoveProgress.isTouched(service)) return fixed({ _tag: "MoveInProgress" })
  if (MoveProgress.isRollingOut(service))
    return fixed({ _tag: "UpdateInProgress", state: service.updateState ?? "pending" })
  const tasks = snapshot.tasksOfService(service.id).filter(isWanted)
  if (!isSettled(snapshot, mode.replicas, tasks)) {
    const serving = tasks.filter((task) => task.isServing).length
    return fixed({ _tag: "NotSettled", asked: mode.replicas, serving })
  }
  const nodeOf = (task: Task) => (task.node === null ? undefined : snapshot.node(task.node))
  if (tasks.some((task) => specs.isDirty(task, nodeOf(task))))
    return fixed({ _tag: "UpdateInProgress", state: "pending" })
  if (policy.coolDown.has(service.id)) return fixed({ _tag: "CoolingDown" })
  return { _tag: "Movable", strategy: mode.replicas === 1 ? "pin" : isSurged ? "surge" : "empty", tasks }
}

/** Wanted by Swarm: running or on its way there. */
export const isWanted = (task: Task): boolean => stateRank(task.desired) <= stateRanks.running

/** Exactly the asked number of tasks, one per slot, each serving on a node that the managers can reach. */
const isSettled = (snapshot: Snapshot, replicas: number, tasks: ReadonlyArray<Task>): boolean =>
  tasks.length === replicas &&
  new Set(tasks.map(({ slot }) => slot)).size === replicas &&
  tasks.every((task) => task.isServing && task.node !== null && isReachable(snapshot, task.node))

const isReachable = (snapshot: Snapshot, id: NodeId): boolean => {
  const node = snapshot.node(id)
  return node?.state === "ready" && node.availability !== "drain"
}

const tiedToHost = (service: Service): KeptReason | null => {
  const mounts = service.mounts.filter(isTiedMount).map(({ target }) => target)
  if (mounts.length > 0) return { _tag: "Stateful", mounts }
  const constraint = service.placement.constraints.find(namesOneHost)
  return constraint === undefined ? null : { _tag: "HostConstraint", constraint }
}

const isTiedMount = ({ type, driver }: Mount): boolean => {
  if (type === "tmpfs" || type === "cluster") return false
  return type !== "volume" || driver === "" || driver === "local"
}

const namesOneHost = (text: string): boolean => {
  const constraint = Constraint.parse(text)
  if (constraint === null || constraint.operator !== "==") return false
  const key = constraint.key.toLowerCase()
  return key === "node.id" || key === "node.hostname" || (key === "node.ip" && !constraint.value.includes("/"))
}

/** The reason as a sentence for people. `hostnameOf` turns node ids into names. */
export const describe = (reason: KeptReason, hostnameOf: (node: NodeId) => string): string => {
  switch (reason._tag) {
    case "Balanced":
      return "Stays: no move of it would spread it, its group or the nodes' load more evenly."
    case "Global":
      return "Stays: a global service has its task on every node anyway."
    case "Job":
      return "Stays: it is a job, and any update of a job runs it again."
    case "UnknownMode":
      return "Stays: its mode is one that this version does not know."
    case "OptedOut":
      return "Stays: it has the label evenkeel.rebalance=off."
    case "Paused":
      return "Stays: moves of it are paused by an operator."
    case "CoolingDown":
      return "Stays for now: it was moved or deployed a short while ago."
    case "MoveInProgress":
      return "Stays for now: a move of it is under way or still to be cleared up."
    case "UpdateInProgress":
      return `Stays for now: its update is ${reason.state}, and any write would interfere with that.`
    case "NoReplicas":
      return "Stays: it asks for no tasks."
    case "NotSettled":
      return `Stays for now: ${reason.serving} of ${reason.asked} tasks serve; it is moved only when exactly all do.`
    case "Stateful":
      return `Stays: its state is on its node (${reason.mounts.join(", ")}). The label evenkeel.rebalance=force moves it all the same.`
    case "HostConstraint":
      return `Stays: the constraint ${reason.constraint} ties it to a host. The label evenkeel.rebalance=force overrides.`
    case "PlacementAbsent":
      return "Stays: its spec has no Placement, and managers may crash when one is added and later left out. Deploy it with the docker command, or with an empty Placement."
    case "ClusterVolume":
      return "Stays: it mounts a cluster volume, and where that can follow is not known."
    case "GapNotAllowed":
      return "Stays: by its label evenkeel.order=stop-first a move would leave it without the moved task for a while, and the policy does not allow that. `evenkeel policy set allowGaps=true` does."
    case "Preferences":
      return `Stays uneven: what Swarm makes of the preferences ${reason.preferences.join(", ")} cannot be predicted.`
    case "NodeClosed":
      return `Stays: its task is on ${hostnameOf(reason.node)}, which is paused or excluded and neither gets nor gives tasks.`
    case "Unreachable":
      return `Stays uneven: ${reason.why}.`
  }
}
