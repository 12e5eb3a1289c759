/**
 * The next step of a stop-first move that is given up: its old task has ended, so that until one comes up again there is none.
 * Giving the user's spec back would leave a new task that is stuck just where it is, since the node suits that spec too. So
 * the task is first taken off that node (withdrawn), a pin's to where it served before, an empty's to any other; the spec follows
 * when it serves, or after as long again as the move had. Pure.
 */
import type { NodeId } from "../Ids.ts"
import type { EmptyJournal, PinJournal } from "../MoveJournal.ts"
import { liveTasks, type NextStep, nodeProblem, type Observation, servesOn, wait } from "./Step.ts"

/** When the user's spec goes back, whether or not the task has come up again. */
const lastMillis = ({ deadlineMillis, startedAtMillis }: PinJournal | EmptyJournal): number =>
  deadlineMillis + (deadlineMillis - startedAtMillis)

/** `because`: why it is given up, as a clause. To be asked only where no slot has two tasks (`Hazard.slotsAtRisk`). */
export const next = (observation: Observation, journal: PinJournal | EmptyJournal, because: string): NextStep => {
  const { nowMillis, service, snapshot, stopping } = observation
  const undone = (clause: string): NextStep => ({ _tag: "Restore", outcome: "undone", because: clause, journal })
  const live = liveTasks(observation)
  const missing = live.filter((task) => !servesOn(snapshot, task))
  // A task that is on its way comes up just as well under the user's spec, which fits its node.
  if (missing.length === 0 || stopping) return undone(because)
  if (journal.withdrawn === true)
    return nowMillis > lastMillis(journal)
      ? undone(`${because}, and its task has not come up elsewhere either`)
      : wait(`${because}; its task is coming up elsewhere`)
  const asked = journal._tag === "pin" ? 1 : journal.baseline
  const [node, ...others] = new Set(missing.map((task) => task.node))
  // Without a node, or on one that is lost, Swarm finds it another under the user's spec.
  if (node === undefined || node === null || others.length > 0 || nodeProblem(snapshot, node) !== null)
    return undone(because)
  const isShared = live.some((task) => task.node === node && servesOn(snapshot, task))
  if (service.replicas !== asked || live.length !== asked || node === journal.from || isShared) return undone(because)
  return { _tag: "Withdraw", because, journal, constraint: constraintOf(observation, journal, node) }
}

const constraintOf = ({ snapshot }: Observation, journal: PinJournal | EmptyJournal, stuckOn: NodeId): string =>
  journal._tag === "pin" && nodeProblem(snapshot, journal.from) === null
    ? `node.id==${journal.from}`
    : `node.id!=${stuckOn}`
