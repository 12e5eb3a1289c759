/**
 * A plan as a value: which tasks move where and why, why every other service stays, and which versions of the Swarm's
 * objects it was made from. It can be stored, sent and shown; it chooses nothing and carries nothing out. `Planner` makes
 * plans, an executor follows them move by move.
 */
import * as Schema from "effect/Schema"
import { NodeId, RaftIndex, ServiceId, TaskId } from "./Ids.ts"

/** Tasks on the node that is left and on the node that is gone to, right before the move. */
const nodeCounts = { from: Schema.Int, to: Schema.Int }

/** The service's own tasks are uneven; `from` and `to` count them. */
export class ServiceSpread extends Schema.TaggedClass<ServiceSpread>()("ServiceSpread", nodeCounts) {}

/** The tasks of the services that share `evenkeel.group` are uneven; `from` and `to` count the group's. */
export class GroupSpread extends Schema.TaggedClass<GroupSpread>()("GroupSpread", {
  group: Schema.String,
  ...nodeCounts
}) {}

/** The nodes carry uneven numbers of tasks; `from` and `to` count all active tasks. */
export class NodeSpread extends Schema.TaggedClass<NodeSpread>()("NodeSpread", nodeCounts) {}

/** The nodes reserve uneven shares of their CPU or memory; `from` and `to` are those shares in percent, the larger of both. */
export class LoadSpread extends Schema.TaggedClass<LoadSpread>()("LoadSpread", nodeCounts) {}

/** The tasks are uneven over the values of a placement preference; `from` and `to` count those of the two nodes' values. */
export class PreferenceSpread extends Schema.TaggedClass<PreferenceSpread>()("PreferenceSpread", {
  preference: Schema.String,
  ...nodeCounts
}) {}

/** Evens nothing out by itself: it makes room for a later move of the plan; `from` and `to` count all active tasks. */
export class MakesRoom extends Schema.TaggedClass<MakesRoom>()("MakesRoom", nodeCounts) {}

export const MoveReason = Schema.Union(ServiceSpread, PreferenceSpread, GroupSpread, LoadSpread, NodeSpread, MakesRoom)
export type MoveReason = typeof MoveReason.Type

/**
 * `pin`: the only task of a service, by the constraint `node.id==<to>`.
 * `surge`: one task of several, by one replica more and then one fewer.
 * `empty`: the only one of its service's several tasks on `from`, by the constraint `node.id!=<from>`; Swarm chooses where it
 * goes.
 */
export const Strategy = Schema.Literal("pin", "surge", "empty")
export type Strategy = typeof Strategy.Type

/**
 * Whether the new task comes up before the old one ends, or after. `stop-first` leaves a gap, and is for services of which no
 * two tasks may run at once; only pin and empty know it.
 */
export const MoveOrder = Schema.Literal("start-first", "stop-first")
export type MoveOrder = typeof MoveOrder.Type

/** One task goes from one node to another. A move is complete in itself: the plan may be left after any of them. */
export class Move extends Schema.Class<Move>("Move")({
  service: ServiceId,
  serviceName: Schema.String,
  strategy: Strategy,
  /** `start-first` in plans of versions that did not know it. */
  order: Schema.optionalWith(MoveOrder, { default: () => "start-first" as const }),
  /** The task that ends; its successor has another id. */
  task: TaskId,
  slot: Schema.Int,
  from: NodeId,
  to: NodeId,
  /**
   * Surge and empty: further nodes that SwarmKit may choose instead of `to`, because it ranks them the same. A task that arrives
   * at any of them completes the move; what is best from there is for the next plan to find.
   */
  alternatives: Schema.Array(NodeId),
  reason: MoveReason,
  /** The reason as a sentence. */
  text: Schema.String
}) {}

const empty = {}

/** Why a service stays, wholly or with the tasks that would still have to move. */
export const KeptReason = Schema.Union(
  /** Nothing to gain. */
  Schema.TaggedStruct("Balanced", empty),
  Schema.TaggedStruct("Global", empty),
  Schema.TaggedStruct("Job", empty),
  Schema.TaggedStruct("UnknownMode", empty),
  /** `evenkeel.rebalance=off`. */
  Schema.TaggedStruct("OptedOut", empty),
  /** Paused by an operator, see the planner's policy. */
  Schema.TaggedStruct("Paused", empty),
  /** Moved or deployed a short while ago. */
  Schema.TaggedStruct("CoolingDown", empty),
  /** A move of it is under way or has left something that must be cleared first. */
  Schema.TaggedStruct("MoveInProgress", empty),
  /** A rolling update runs, waits or is about to begin; `state` as the engine calls it, `pending` when none is reported yet. */
  Schema.TaggedStruct("UpdateInProgress", { state: Schema.String }),
  Schema.TaggedStruct("NoReplicas", empty),
  /** Tasks are missing, surplus, starting, or on a node that is not ready. */
  Schema.TaggedStruct("NotSettled", { asked: Schema.Int, serving: Schema.Int }),
  /** Holds state of its node: `mount` names the mounts' targets. `evenkeel.rebalance=force` overrides. */
  Schema.TaggedStruct("Stateful", { mounts: Schema.Array(Schema.String) }),
  /** Tied to a host by a constraint. `evenkeel.rebalance=force` overrides. */
  Schema.TaggedStruct("HostConstraint", { constraint: Schema.String }),
  /**
   * Its spec has no placement, so that it cannot be moved by a constraint: when a spec loses its placement while tasks have
   * one, managers of Engine 20.10 crash (swarmkit `orchestrator/task.go:nodeMatches`), and a later deploy would do just that.
   */
  Schema.TaggedStruct("PlacementAbsent", empty),
  /** CSI volumes: where its tasks can go is not known from outside. */
  Schema.TaggedStruct("ClusterVolume", empty),
  /** `evenkeel.order=stop-first`, and the policy does not allow the gap that a move of it would leave. */
  Schema.TaggedStruct("GapNotAllowed", empty),
  /** Uneven, and what Swarm would make of its placement preferences cannot be predicted. */
  Schema.TaggedStruct("Preferences", { preferences: Schema.Array(Schema.String) }),
  /** Its task runs on a node that takes no tasks (paused or excluded): such nodes neither get nor give. */
  Schema.TaggedStruct("NodeClosed", { node: NodeId }),
  /** Uneven, and no move that Swarm would carry out as intended makes it better. */
  Schema.TaggedStruct("Unreachable", { why: Schema.String })
)
export type KeptReason = typeof KeptReason.Type
export type KeptReasonTag = KeptReason["_tag"]

export class Kept extends Schema.Class<Kept>("Kept")({
  service: ServiceId,
  serviceName: Schema.String,
  reason: KeptReason,
  /** The reason as a sentence. */
  text: Schema.String
}) {}

/** Balance in a few numbers: skew is the largest minus the smallest number of tasks over the eligible nodes. */
export class BalanceSummary extends Schema.Class<BalanceSummary>("BalanceSummary")({
  /** The largest skew of any service, and how many services have one above 1. */
  serviceSkew: Schema.Int,
  unevenServices: Schema.Int,
  groupSkew: Schema.Int,
  unevenGroups: Schema.Int,
  /** Skew of all active tasks over the nodes that take tasks. */
  nodeSkew: Schema.Int,
  /** `node1 2, node2 2, node3 2`: active tasks by hostname. */
  text: Schema.String
}) {}

/**
 * What the plan was made from. Objects that no move touches are not listed: their changes do not make a move wrong, and
 * what a move relies on is predicted once more right before it.
 */
export class PlanBasis extends Schema.Class<PlanBasis>("PlanBasis")({
  raftIndex: RaftIndex,
  services: Schema.Array(Schema.Struct({ service: ServiceId, version: RaftIndex })),
  nodes: Schema.Array(Schema.Struct({ node: NodeId, version: RaftIndex }))
}) {}

/** How uneven a cluster is, level by level: smaller is better, and the first level that differs decides. */
export const Unevenness = Schema.Struct({
  /** Sum of squares of each service's tasks over the values of its placement preferences. */
  preferences: Schema.Number,
  /** Sum of squares of each service's tasks over nodes. */
  services: Schema.Number,
  /** Sum of squares of each group's tasks over nodes. */
  groups: Schema.Number,
  /** Shares of CPU and memory by which nodes lie outside the tolerated range, weighted and summed. */
  reservations: Schema.Number,
  /** Sum of squares of all active tasks over the open nodes. */
  tasks: Schema.Number
})
export type Unevenness = typeof Unevenness.Type

/** The plan held against a bound that no plan can beat. Services that may not be moved are taken as they are. */
export const PlanBound = Schema.Struct({
  /** What the plan reaches, and what no placement can be below, each level for itself. */
  reached: Unevenness,
  lowerBound: Unevenness,
  /** No plan reaches the lower bound in fewer moves. */
  fewestMoves: Schema.Int,
  /**
   * Whether the plan is known to be best, in balance and in moves: it meets the bound, or every placement that moves lead to
   * was tried.
   */
  proved: Schema.Boolean
})
export type PlanBound = typeof PlanBound.Type

export class Plan extends Schema.Class<Plan>("Plan")({
  basedOn: PlanBasis,
  /** In the order in which they are to be made, one at a time. */
  moves: Schema.Array(Move),
  /** By name. A service with moves is here only when they do not bring it all the way. */
  kept: Schema.Array(Kept),
  balanceBefore: BalanceSummary,
  balanceAfter: BalanceSummary,
  /** Null in plans of versions that did not know it. */
  bound: Schema.optionalWith(Schema.NullOr(PlanBound), { default: () => null })
}) {
  get isEmpty(): boolean {
    return this.moves.length === 0
  }
}
