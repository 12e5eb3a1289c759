/**
 * What one more replica and then one fewer would do to a service, by SwarmKit's own rules: where the new task goes, and which
 * task is stopped afterwards. A surge is offered only when that is certain but for the choice among nodes that SwarmKit ranks
 * the same, and when no outcome spreads the service less evenly. Whether it is worth anything is the caller's question.
 */
import * as ScaleDown from "../rules/ScaleDown.ts"
import type { Task } from "../Task.ts"
import * as Choices from "./Choices.ts"
import type { Layout, Member, Step } from "./Layout.ts"
import * as Score from "./Score.ts"
import { successor } from "./Simulate.ts"

export type Prediction =
  /** The outcomes that SwarmKit may choose from: the same move, each named with another node first. */
  | { readonly _tag: "Possible"; readonly outcomes: ReadonlyArray<Step> }
  /** A clause that says why a move of this kind would not help. */
  | { readonly _tag: "Refused"; readonly why: string; readonly isUncertain: boolean }

export const refused = (why: string, isUncertain = false): Prediction => ({ _tag: "Refused", why, isUncertain })

/** Predicts the next surge of a service. */
export const predict = (layout: Layout, member: Member): Prediction => {
  const { nodes, tasks } = member
  const targets = Choices.of(layout, member)
  if (targets.length === 0) return refused(`one task more would find ${Choices.explain(layout, member)}`)
  const outside = targets.find((target) => nodes.has[target] !== 1)
  if (outside !== undefined)
    return refused(`Swarm would place one task more on ${layout.at(outside).hostname}, which is excluded`)

  let victim: Task | null = null
  const changes: Array<Score.Score> = []
  for (const target of targets) {
    const chosen = victimAfter(layout, tasks, target)
    if (chosen === null || chosen.node === null || (victim !== null && victim !== chosen))
      return refused("which task Swarm would stop after one task more cannot be predicted", true)
    victim = chosen
    const from = layout.indexOf(chosen.node)
    const delta = layout.delta(member, from, target)
    if (from === target || nodes.has[from] !== 1 || Score.worsensOwn(delta))
      return refused(
        `after one task more on ${layout.at(target).hostname} Swarm would stop one on ${layout.at(from).hostname}, which gains nothing`
      )
    changes.push(delta)
  }
  const task = victim
  if (task === null || !areAlike(changes)) return refused("Swarm may choose between nodes that are not as good", true)
  const from = layout.indexOf(task.node)
  return { _tag: "Possible", outcomes: outcomesOf(member, "surge", task, from, targets) }
}

/** Whether all outcomes change the service's own spread in the same way. */
export const areAlike = (changes: ReadonlyArray<Score.Score>): boolean =>
  changes.every(([preferences, services]) => preferences === changes[0]?.[0] && services === changes[0][1])

export const outcomesOf = (
  member: Member,
  strategy: Step["strategy"],
  task: Task,
  from: number,
  targets: ReadonlyArray<number>
): ReadonlyArray<Step> =>
  targets.map((to) => {
    return { member, strategy, task, from, to, alternatives: targets.filter((other) => other !== to) }
  })

/** The one task that scaling back would stop, with a new one on `target`; null when that is open or it is the new one. */
export const victimAfter = (layout: Layout, tasks: ReadonlyArray<Task>, target: number): Task | null => {
  const [model] = tasks
  if (model === undefined) return null
  const added = successor(model, tasks, { strategy: "surge", to: layout.at(target).id })
  const { certain, possible } = ScaleDown.victims([...tasks, added], tasks.length)
  const [id] = certain
  if (id === undefined || certain.length !== 1 || possible.length !== 1) return null
  return tasks.find((task) => task.id === id) ?? added
}
