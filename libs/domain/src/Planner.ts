/**
 * Decides which tasks should move: the fewest that even out, in this order, each service, each group of services, and the
 * nodes, without ever breaking a placement rule.
 *
 * Services of several replicas can only be surged, and where a surge leads is Swarm's decision; whatever surge evens its
 * service out is taken first. Services of one replica can be pinned anywhere; they are assigned as a whole by minimum cost.
 * Both are asked again after every step, so that a plan made after some of its moves holds exactly the others. Says nothing
 * about when to act, and carries nothing out.
 *
 * Limits: where room is too scarce for the best assignment of single tasks (reservations, host ports), only moves that help
 * by themselves are planned, so that exchanges which need several of them at once are missed. That surges come before pins
 * is a rule of thumb.
 */
import * as Balance from "./Balance.ts"
import type { NodeId, ServiceId } from "./Ids.ts"
import * as Movability from "./Movability.ts"
import {
  GroupSpread,
  Kept,
  type KeptReason,
  Move,
  type MoveReason,
  NodeSpread,
  Plan,
  PlanBasis,
  ServiceSpread
} from "./Plan.ts"
import * as Pins from "./planner/Pins.ts"
import { type PlannerPolicy, withDefaults } from "./planner/PlannerPolicy.ts"
import * as PlanState from "./planner/PlanState.ts"
import { applyAll } from "./planner/Simulate.ts"
import * as Surge from "./planner/Surge.ts"
import type { Snapshot } from "./Snapshot.ts"

export { defaultPolicy, type PlannerPolicy } from "./planner/PlannerPolicy.ts"

type Cluster = PlanState.Cluster
type State = PlanState.PlanState

/** The plan for a snapshot. Pure: equal snapshots and policies give equal plans, in whatever order the engine listed them. */
export const plan = (snapshot: Snapshot, policy: Partial<PlannerPolicy> = {}): Plan => {
  const settled = withDefaults(policy)
  const before = Balance.of(snapshot, settled.excludedNodes)
  const { cluster, state } = PlanState.open(snapshot, settled, before)
  const result = run(cluster, state)
  const after = result.moves.length === 0 ? before : Balance.of(applyAll(snapshot, result.moves), settled.excludedNodes)
  return new Plan({
    basedOn: basisOf(snapshot, result.moves),
    moves: result.moves,
    kept: keptOf(cluster, result),
    balanceBefore: Balance.summarize(before),
    balanceAfter: Balance.summarize(after)
  })
}

interface Result {
  readonly moves: ReadonlyArray<Move>
  readonly final: State
  /** Pins that would even things out if there were room. */
  readonly blocked: ReadonlyMap<ServiceId, string>
}

/**
 * Step after step until none is left. Every surge lowers the unevenness of services, every pin brings the best assignment
 * nearer or, without room for that, lowers the unevenness of groups or nodes; so this ends.
 */
const run = (cluster: Cluster, start: State): Result => {
  const moves: Array<Move> = []
  let state = start
  let pending: ReadonlyArray<PlanState.Step> = []
  let blocked: Pins.Pins["blocked"] = new Map()
  for (;;) {
    const surge = nextSurge(cluster, state)
    let step = surge
    if (step === null) {
      if (!exceedsLimits(cluster, state)) return { moves, final: state, blocked: new Map() }
      if (pending.length === 0) ({ steps: pending, blocked } = Pins.solve(cluster, state))
      step = pending[0] ?? null
      pending = pending.slice(1)
    } else pending = []
    if (step === null) return { moves, final: state, blocked }
    const reason = surge === null ? reasonOfPin(state, step) : reasonOfSurge(state, step)
    moves.push(wordMove(cluster, step, reason))
    state = PlanState.applyStep(state, step)
  }
}

const isUneven = (cluster: Cluster, state: State, movable: PlanState.MovableService): boolean =>
  movable.strategy === "surge" && PlanState.serviceSkew(state, movable) > Math.max(1, cluster.policy.maxServiceSkew)

/** The surge that evens out most: services, then groups, then nodes. */
const nextSurge = (cluster: Cluster, state: State): PlanState.Step | null => {
  let best: { readonly step: PlanState.Step; readonly gain: ReadonlyArray<number> } | null = null
  for (const movable of cluster.movable.values()) {
    if (!isUneven(cluster, state, movable)) continue
    const prediction = predictSurge(cluster, state, movable)
    if (prediction._tag === "Refused") continue
    const gain = gainOf(state, prediction.step)
    if (best === null || isGreater(gain, best.gain)) best = { step: prediction.step, gain }
  }
  return best?.step ?? null
}

const predictSurge = (cluster: Cluster, state: State, movable: PlanState.MovableService): Surge.Prediction => {
  const counts = movable.group === null ? undefined : state.groupCounts.get(movable.group)
  return Surge.predict(state, movable, (node) => counts?.get(node) ?? 0, hostnameIn(cluster.snapshot))
}

/** Differences between the node that is left and the one gone to, level by level. */
const gainOf = (state: State, { movable, from, to }: PlanState.Step): ReadonlyArray<number> => {
  const own = PlanState.countsOf(state, movable.service.id)
  const group = movable.group === null ? undefined : state.groupCounts.get(movable.group)
  const active = (node: NodeId) => state.loads.get(node)?.activeTasks ?? 0
  return [
    (own.get(from) ?? 0) - (own.get(to) ?? 0),
    (group?.get(from) ?? 0) - (group?.get(to) ?? 0),
    active(from) - active(to)
  ]
}

const isGreater = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean => {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value > (b[i] ?? 0)
  return false
}

/** Whether groups or nodes are so uneven that pins should be looked for. */
const exceedsLimits = (cluster: Cluster, state: State): boolean => {
  const { maxGroupSkew, maxNodeSkew } = cluster.policy
  if (PlanState.nodeSkew(cluster, state) > Math.max(1, maxNodeSkew)) return true
  const limit = Math.max(1, maxGroupSkew)
  return cluster.groupNodes.keys().some((group) => PlanState.groupSkew(cluster, state, group) > limit)
}

const reasonOfSurge = (state: State, { movable, from, to }: PlanState.Step): MoveReason => {
  const counts = PlanState.countsOf(state, movable.service.id)
  return new ServiceSpread({ from: counts.get(from) ?? 0, to: counts.get(to) ?? 0 })
}

/** A pin is for its group while that is uneven between the two nodes, else for the nodes. */
const reasonOfPin = (state: State, { movable, from, to }: PlanState.Step): MoveReason => {
  const { group } = movable
  const counts = group === null ? undefined : state.groupCounts.get(group)
  const ofGroup = { from: counts?.get(from) ?? 0, to: counts?.get(to) ?? 0 }
  if (group !== null && ofGroup.from - ofGroup.to > 1) return new GroupSpread({ group, ...ofGroup })
  const active = (node: NodeId) => state.loads.get(node)?.activeTasks ?? 0
  return new NodeSpread({ from: active(from), to: active(to) })
}

const hostnameIn =
  (snapshot: Snapshot) =>
  (node: NodeId): string =>
    snapshot.node(node)?.hostname ?? node

const countOf = (tasks: number): string => `${tasks} task${tasks === 1 ? "" : "s"}`

const wordMove = (cluster: Cluster, step: PlanState.Step, reason: MoveReason): Move => {
  const { movable, task, from, to, alternatives } = step
  const hostname = hostnameIn(cluster.snapshot)
  const counts = `${countOf(reason.from)} on ${hostname(from)} and ${reason.to} on ${hostname(to)}`
  const subject =
    reason._tag === "ServiceSpread"
      ? "it"
      : reason._tag === "GroupSpread"
        ? `group ${reason.group}`
        : "all services together"
  const orElse = alternatives.length === 0 ? "" : ` (or ${alternatives.map(hostname).join(", ")})`
  const verb = reason._tag === "NodeSpread" ? "have" : "has"
  return new Move({
    service: movable.service.id,
    serviceName: movable.service.name,
    strategy: movable.strategy,
    task: task.id,
    slot: task.slot,
    from,
    to,
    alternatives,
    reason,
    text: `Moves from ${hostname(from)} to ${hostname(to)}${orElse}: ${subject} ${verb} ${counts}.`
  })
}

const basisOf = (snapshot: Snapshot, moves: ReadonlyArray<Move>): PlanBasis => {
  const services = new Set(moves.map(({ service }) => service))
  const nodes = new Set(moves.flatMap(({ from, to, alternatives }) => [from, to, ...alternatives]))
  return new PlanBasis({
    raftIndex: snapshot.raftIndex,
    services: snapshot.services
      .filter(({ id }) => services.has(id))
      .map(({ id, version }) => ({ service: id, version })),
    nodes: snapshot.nodes.filter(({ id }) => nodes.has(id)).map(({ id, version }) => ({ node: id, version }))
  })
}

/** A line for every service that stays, wholly or in part. */
const keptOf = (cluster: Cluster, result: Result): ReadonlyArray<Kept> => {
  const moved = new Set(result.moves.map(({ service }) => service))
  const hostname = hostnameIn(cluster.snapshot)
  return cluster.snapshot.services
    .flatMap((service): ReadonlyArray<Kept> => {
      const movable = cluster.movable.get(service.id)
      const reason: KeptReason | undefined =
        movable === undefined ? cluster.fixed.get(service.id) : reasonToStay(cluster, result, movable)
      if (reason === undefined || (reason._tag === "Balanced" && moved.has(service.id))) return []
      const text = Movability.describe(reason, hostname)
      return [new Kept({ service: service.id, serviceName: service.name, reason, text })]
    })
    .toSorted((a, b) => (a.serviceName < b.serviceName ? -1 : a.serviceName > b.serviceName ? 1 : 0))
}

const reasonToStay = (cluster: Cluster, { final, blocked }: Result, movable: PlanState.MovableService): KeptReason => {
  if (isUneven(cluster, final, movable)) {
    const prediction = predictSurge(cluster, final, movable)
    if (prediction._tag === "Refused") return { _tag: "Unreachable", why: prediction.why }
  }
  const why = blocked.get(movable.service.id)
  return why === undefined ? { _tag: "Balanced" } : { _tag: "Unreachable", why }
}
