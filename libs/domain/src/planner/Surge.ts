/**
 * What one more replica and then one fewer would do to a service, by SwarmKit's own rules: where the new task goes, and which
 * task is stopped afterwards. A surge is offered only when every outcome that SwarmKit may choose is one that makes the
 * service more even: the new node has at least two tasks fewer than the one that loses a task.
 */
import type { NodeId } from "../Ids.ts"
import * as Filters from "../rules/Filters.ts"
import { firstChoices } from "../rules/NodeOrder.ts"
import * as ScaleDown from "../rules/ScaleDown.ts"
import type { Task } from "../Task.ts"
import { countsOf, type MovableService, type PlanState, type Step } from "./PlanState.ts"
import { successor } from "./Simulate.ts"

export type Prediction =
  | { readonly _tag: "Surge"; readonly step: Step }
  /** A clause that says why a surge would not help. */
  | { readonly _tag: "Refused"; readonly why: string }

const refused = (why: string): Prediction => ({ _tag: "Refused", why })

/** The smallest difference in tasks between two nodes that a move makes smaller. */
const smallestGain = 2

/** Predicts the next surge of a service. Of several equal nodes, `prefer` (smallest first) says which is named as the target. */
export const predict = (
  state: PlanState,
  movable: MovableService,
  prefer: (node: NodeId) => number,
  hostnameOf: (node: NodeId) => string
): Prediction => {
  const { service, eligible } = movable
  const tasks = state.tasks.get(service.id) ?? []
  const counts = countsOf(state, service.id)
  const choices = firstChoices(service, state.loads)
  if (choices.nodes.length === 0) return refused(`one task more would find ${Filters.explain(choices.refused)}`)
  const outside = choices.nodes.find((node) => !eligible.has(node))
  if (outside !== undefined)
    return refused(`Swarm would place one task more on ${hostnameOf(outside)}, which is excluded`)

  const targets = choices.nodes.toSorted((a, b) => prefer(a) - prefer(b) || (a < b ? -1 : 1))
  let victim: Task | undefined
  for (const target of targets) {
    const chosen = victimAfter(tasks, target)
    if (chosen === null || chosen.node === null || (victim !== undefined && victim !== chosen))
      return refused("which task Swarm would stop after one task more cannot be predicted")
    const gain = (counts.get(chosen.node) ?? 0) - (counts.get(target) ?? 0)
    if (!eligible.has(chosen.node) || gain < smallestGain)
      return refused(
        `after one task more on ${hostnameOf(target)} Swarm would stop one on ${hostnameOf(chosen.node)}, which gains nothing`
      )
    victim = chosen
  }
  const [to, ...alternatives] = targets
  if (victim === undefined || victim.node === null || to === undefined) return refused("no node is left to go to")
  return { _tag: "Surge", step: { movable, task: victim, from: victim.node, to, alternatives } }
}

/** The one task that scaling back would stop, with a new one on `target`; null when that is open or it is the new one. */
const victimAfter = (tasks: ReadonlyArray<Task>, target: NodeId): Task | null => {
  const [model] = tasks
  if (model === undefined) return null
  const added = successor(model, tasks, { strategy: "surge", to: target })
  const { certain, possible } = ScaleDown.victims([...tasks, added], tasks.length)
  const [id] = certain
  if (id === undefined || certain.length !== 1 || possible.length !== 1) return null
  return tasks.find((task) => task.id === id) ?? added
}
