/**
 * Decides which tasks should move: the fewest, and of those the cheapest, that even out, in this order, each service (over the
 * values of its placement preferences, then over nodes), each group of services, what is reserved of the nodes, and the numbers
 * of tasks on them, without ever breaking a placement rule. Only moves whose outcome SwarmKit's rules make certain are
 * planned. Says nothing about when to act, and carries nothing out.
 *
 * How good a plan is stands in it: `bound` holds it against what no plan can beat, and says whether it is proved to be best.
 */
import * as Pausable from "./Pausable.ts"
import * as Plan from "./Plan.ts"
import type { Layout, Step } from "./planner/Layout.ts"
import { open } from "./planner/OpenLayout.ts"
import { type PlannerPolicy, withDefaults } from "./planner/PlannerPolicy.ts"
import { run } from "./planner/Run.ts"
import * as Score from "./planner/Score.ts"
import * as Words from "./planner/Words.ts"
import type { Snapshot } from "./Snapshot.ts"

export { defaultPolicy, type PlannerPolicy } from "./planner/PlannerPolicy.ts"

/** The plan for a snapshot. Pure: equal snapshots and policies give equal plans, in whatever order the engine listed them. */
export const plan = (snapshot: Snapshot, policy: Partial<PlannerPolicy> = {}): Plan.Plan =>
  Pausable.toEnd(planning(snapshot, policy))

/** The same plan, made with pauses: no stretch between two of them is long, however large the cluster. */
export function* planning(snapshot: Snapshot, policy: Partial<PlannerPolicy> = {}): Pausable.Pausable<Plan.Plan> {
  const layout = yield* open(snapshot, withDefaults(policy))
  const balanceBefore = summaryOf(layout)
  yield
  const { steps, bound, reached, isProved } = yield* run(layout)
  const moves: Array<Plan.Move> = []
  for (const step of steps) {
    yield
    moves.push(Words.moveOf(layout, step))
    layout.perform(step)
  }
  return new Plan.Plan(
    {
      basedOn: basisOf(layout, steps, moves),
      moves,
      kept: yield* Words.keptOf(layout, new Set(moves.map(({ service }) => service))),
      balanceBefore,
      balanceAfter: moves.length === 0 ? balanceBefore : summaryOf(layout),
      bound: {
        reached: Score.toUnevenness(reached),
        lowerBound: Score.toUnevenness(bound.score),
        fewestMoves: bound.moves,
        proved: isProved
      }
    },
    true
  )
}

const basisOf = (
  { nodes, snapshot }: Layout,
  steps: ReadonlyArray<Step>,
  moves: ReadonlyArray<Plan.Move>
): Plan.PlanBasis => {
  const services = new Set(moves.map(({ service }) => service))
  const touched = new Set(steps.flatMap(({ from, to, alternatives }) => [from, to, ...alternatives]))
  return new Plan.PlanBasis(
    {
      raftIndex: snapshot.raftIndex,
      services: snapshot.services
        .filter(({ id }) => services.has(id))
        .map(({ id, version }) => ({ service: id, version })),
      nodes: nodes.filter(({ index }) => touched.has(index)).map(({ node: { id, version } }) => ({ node: id, version }))
    },
    true
  )
}

/** The balance in a few numbers, as `Balance.summarize` gives it. */
const summaryOf = (layout: Layout): Plan.BalanceSummary => {
  const largest = (skews: ReadonlyArray<number>) => skews.reduce((most, skew) => Math.max(most, skew), 0)
  const uneven = (skews: ReadonlyArray<number>) => skews.filter((skew) => skew > 1).length
  const services = [...layout.members.map((member) => layout.serviceSkew(member)), ...layout.fixedSkews]
  const groups = [...layout.groups.keys()].map((group) => layout.groupSkew(group))
  return new Plan.BalanceSummary(
    {
      serviceSkew: largest(services),
      unevenServices: uneven(services),
      groupSkew: largest(groups),
      unevenGroups: uneven(groups),
      nodeSkew: layout.nodeSkew(),
      text: layout.nodes.map(({ hostname, activeTasks }) => `${hostname} ${activeTasks}`).join(", ")
    },
    true
  )
}
