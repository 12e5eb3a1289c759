/**
 * The next step of a stop-first move that is given up: its old task has ended, so that until one comes up again there is none.
 * Giving the user's spec back would leave a new task that is stuck just where it is, since the node suits that spec too; and
 * one that failed might come to the same node again. So the task is first taken elsewhere (withdrawn), a pin's to where it served
 * before, an empty's off the node where it does not come up; the spec follows when it serves, or after as long again as the move
 * had. Pure.
 */
import type { NodeId } from "../Ids.ts"
import type { EmptyJournal, PinJournal } from "../MoveJournal.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Task } from "../Task.ts"
import { liveTasks, type NextStep, nodeProblem, type Observation, servesOn, wait } from "./Step.ts"

/** When the user's spec goes back, whether or not the task has come up again. */
const lastMillis = ({ deadlineMillis, startedAtMillis }: PinJournal | EmptyJournal): number =>
  deadlineMillis + (deadlineMillis - startedAtMillis)

/** `because`: why it is given up, as a clause. To be asked only where no slot has two tasks (`Hazard.slotsAtRisk`). */
export const next = (observation: Observation, journal: PinJournal | EmptyJournal, because: string): NextStep => {
  const { nowMillis, service, snapshot, stopping } = observation
  const undone = (clause: string): NextStep => ({ _tag: "Restore", outcome: "undone", because: clause, journal })
  const live = liveTasks(observation)
  // A task that is on its way comes up just as well under the user's spec, which fits its node.
  if (live.every((task) => servesOn(snapshot, task)) || stopping) return undone(because)
  if (journal.withdrawn === true)
    return nowMillis > lastMillis(journal)
      ? undone(`${because}, and its task has not come up elsewhere either`)
      : wait(`${because}; its task is coming up elsewhere`)
  const asked = journal._tag === "pin" ? 1 : journal.baseline
  const constraint = journal._tag === "pin" ? backOf(snapshot, journal) : awayOf(snapshot, live, journal)
  return constraint === null || service.replicas !== asked || live.length !== asked
    ? undone(because)
    : { _tag: "Withdraw", because, journal, constraint }
}

/** To where the task served before; where that is no more, off the target; null where Swarm itself sees that the target is lost. */
const backOf = (snapshot: Snapshot, { from, to }: PinJournal): string | null => {
  if (nodeProblem(snapshot, from) === null) return `node.id==${from}`
  return nodeProblem(snapshot, to) === null ? `node.id!=${to}` : null
}

/** Off the one node where tasks do not come up; null where there are several, or it has others of the service that serve. */
const awayOf = (snapshot: Snapshot, live: ReadonlyArray<Task>, journal: EmptyJournal): string | null => {
  const missing = live.filter((task) => !servesOn(snapshot, task))
  const [node, ...others] = new Set(missing.map((task) => task.node ?? failedOn(snapshot, task, journal)))
  if (node === undefined || node === null || others.length > 0 || node === journal.from) return null
  const isShared = live.some((task) => task.node === node && servesOn(snapshot, task))
  return isShared || nodeProblem(snapshot, node) !== null ? null : `node.id!=${node}`
}

/** Where the last of the move's own tasks in this one's slot was; null for none. */
const failedOn = (snapshot: Snapshot, { service, slot }: Task, { tasks }: EmptyJournal): NodeId | null =>
  snapshot
    .tasksOfService(service)
    .filter((task) => task.slot === slot && task.node !== null && !tasks.includes(task.id))
    .toSorted((a, b) => (a.stateSince < b.stateSince ? -1 : 1))
    .at(-1)?.node ?? null
