/**
 * Whether a move would still do what it is meant to, asked right before it begins: where Swarm would put the new task, and
 * which task it would stop, by its own rules. Pure; it judges one move and looks for no other.
 */
import type { NodeId, TaskId } from "../Ids.ts"
import type { MoveOrder, Strategy } from "../Plan.ts"
import * as MoveLabels from "../planner/MoveLabels.ts"
import { successor } from "../planner/Simulate.ts"
import * as Filters from "../rules/Filters.ts"
import * as NodeLoad from "../rules/NodeLoad.ts"
import { firstChoices } from "../rules/NodeOrder.ts"
import * as ScaleDown from "../rules/ScaleDown.ts"
import { Placement, Service } from "../Service.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Task } from "../Task.ts"
import * as MoveProgress from "../MoveProgress.ts"
import { liveTasks, nodeProblem, servesOn } from "./Step.ts"

/** What of a move counts here; `Plan.Move` is one. */
export interface Intent {
  readonly strategy: Strategy
  readonly order: MoveOrder
  readonly task: TaskId
  readonly from: NodeId
  readonly to: NodeId
  readonly alternatives: ReadonlyArray<NodeId>
}

/** Why the move must not begin now, as a clause; null when it would do what it is meant to. */
export const refusal = (snapshot: Snapshot, service: Service, intent: Intent): string | null => {
  if (MoveProgress.isTouched(service)) return "a move of it is under way or has left something"
  if (MoveProgress.isRollingOut(service)) return `its update is ${service.updateState ?? ""}`
  const wrongOrder = refusalOfOrder(service, intent)
  if (wrongOrder !== null) return wrongOrder
  const live = liveTasks({ snapshot, service })
  if (live.length !== service.replicas || !live.every((task) => servesOn(snapshot, task)))
    return `${live.filter((task) => servesOn(snapshot, task)).length} of ${service.replicas ?? 0} tasks serve`
  const leaving = live.find(({ id }) => id === intent.task)
  if (leaving === undefined || leaving.node !== intent.from) return "the task to be moved is gone"
  // See KeptReason's PlacementAbsent.
  if (intent.strategy !== "surge" && !service.hasPlacement) return "its spec has no Placement"
  switch (intent.strategy) {
    case "pin":
      return live.length === 1 ? refusalOfPin(snapshot, service, intent.to) : "it has more than one task"
    case "surge":
      return refusalOfSurge(snapshot, service, live, leaving, intent)
    case "empty":
      return refusalOfEmpty(snapshot, service, live, intent)
  }
}

/** The label rules: where it says that no two tasks may run at once none do, and nobody gets a gap who did not ask for one. */
const refusalOfOrder = (service: Service, { order, strategy }: Intent): string | null => {
  if (!MoveLabels.of(service).isStopFirst)
    return order === "stop-first" ? "it no longer has the label evenkeel.order=stop-first, and the move has a gap" : null
  return order === "stop-first" && strategy !== "surge"
    ? null
    : "by its label evenkeel.order=stop-first no two of its tasks may run at once, and the move would have two"
}

const refusalOfPin = (snapshot: Snapshot, service: Service, to: NodeId): string | null => {
  const problem = nodeProblem(snapshot, to)
  if (problem !== null) return problem
  const load = NodeLoad.fromSnapshot(snapshot).get(to)
  const filter = load === undefined ? "Ready" : Filters.firstRefusal(service)(load)
  return filter === null || load === undefined
    ? null
    : `on ${load.node.hostname} Swarm has ${Filters.explain([{ filter, nodes: [load.node] }])}`
}

const refusalOfSurge = (
  snapshot: Snapshot,
  service: Service,
  live: ReadonlyArray<Task>,
  leaving: Task,
  { alternatives, from, to }: Intent
): string | null => {
  const hostnameOf = (node: NodeId) => snapshot.node(node)?.hostname ?? node
  const choices = firstChoices(service, NodeLoad.fromSnapshot(snapshot))
  if (choices.nodes.length === 0) return `one task more would find ${Filters.explain(choices.refused)}`
  const intended = new Set([to, ...alternatives])
  const outside = choices.nodes.find((node) => !intended.has(node))
  if (outside !== undefined) return `Swarm would place one task more on ${hostnameOf(outside)}, which is not intended`
  for (const node of choices.nodes) {
    const added = successor(leaving, live, { strategy: "surge", to: node })
    const { possible } = ScaleDown.victims([...live, added], live.length)
    const other = [...live, added].find((task) => possible.includes(task.id) && task.node !== from)
    if (other !== undefined)
      return `with one task more on ${hostnameOf(node)} Swarm might stop one on ${hostnameOf(other.node ?? node)}`
  }
  return null
}

/**
 * The service as it is while it leaves the node. Start-first its old tasks hold their places until each successor serves;
 * stop-first the one that makes way is not counted any more when its successor is placed, but still has what it reserves.
 */
const refusalOfEmpty = (
  snapshot: Snapshot,
  service: Service,
  live: ReadonlyArray<Task>,
  { alternatives, from, order, to }: Intent
): string | null => {
  const hostnameOf = (node: NodeId) => snapshot.node(node)?.hostname ?? node
  const intended = new Set([to, ...alternatives])
  const avoiding = new Service(
    {
      ...service,
      placement: new Placement(
        { ...service.placement, constraints: [...service.placement.constraints, `node.id!=${from}`] },
        true
      )
    },
    true
  )
  let loads = NodeLoad.fromSnapshot(snapshot)
  for (const task of live.filter(({ node }) => node === from)) {
    const claim = NodeLoad.claimOfTask(task, service)
    const left = loads.get(from)
    const isEnding = order === "stop-first" && left !== undefined && claim !== null
    const seen = isEnding ? new Map(loads).set(from, NodeLoad.withEndingClaim(left, claim)) : loads
    const choices = firstChoices(avoiding, seen)
    const [target] = choices.nodes
    const load = target === undefined ? undefined : loads.get(target)
    if (target === undefined || load === undefined)
      return `without ${hostnameOf(from)} its tasks would find ${Filters.explain(choices.refused)}`
    const outside = choices.nodes.find((node) => !intended.has(node))
    if (outside !== undefined) return `Swarm would place a task on ${hostnameOf(outside)}, which is not intended`
    const next = new Map(loads).set(target, NodeLoad.withClaim(load, NodeLoad.claimOfNewTask(service)))
    loads = left === undefined || claim === null ? next : next.set(from, NodeLoad.withoutClaim(left, claim))
  }
  return null
}
