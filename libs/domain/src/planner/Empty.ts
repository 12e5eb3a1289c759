/**
 * What the constraint `node.id!=<donor>` does to a service of several tasks of which one is on the donor: Swarm's updater
 * replaces that one, start-first, on the node that its scheduler ranks first. With two or more tasks on the donor the outcome
 * depends on the user's update parallelism and on chance, so that is not offered.
 */
import type { Task } from "../Task.ts"
import * as Choices from "./Choices.ts"
import type { Layout, Member } from "./Layout.ts"
import * as Score from "./Score.ts"
import { areAlike, outcomesOf, type Prediction, refused } from "./Surge.ts"

/** Predicts where the task goes when its node is emptied of the service. */
export const predict = (layout: Layout, member: Member, task: Task): Prediction => {
  const from = layout.indexOf(task.node)
  const donor = layout.at(from)
  if ((member.counts.get(from) ?? 0) !== 1)
    return refused(`${donor.hostname} has several of its tasks, and they would leave together`)
  if (!member.service.hasPlacement) return refused("its spec has no placement to put the constraint into")
  const targets = Choices.of(layout, member, donor)
  if (targets.length === 0)
    return refused(`without ${donor.hostname} it would find ${Choices.explain(layout, member, donor)}`)
  const outside = targets.find((target) => member.nodes.has[target] !== 1)
  if (member.nodes.has[from] !== 1 || outside !== undefined)
    return refused(`Swarm would place it on ${layout.at(outside ?? from).hostname}, which is excluded`)
  const changes = targets.map((target) => layout.delta(member, from, target))
  if (changes.some(Score.worsensOwn)) return refused(`without ${donor.hostname} Swarm would spread it less evenly`)
  if (!areAlike(changes)) return refused("Swarm may choose between nodes that are not as good", true)
  return { _tag: "Possible", outcomes: outcomesOf(member, "empty", task, from, targets) }
}
