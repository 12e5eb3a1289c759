/**
 * What giving a service its own spec back would make Swarm stop, and whether that costs a task that serves. Two of SwarmKit's
 * habits make this a question: a scale-down counts tasks whether or not they run (`replicated/services.go:reconcile`), and
 * where a slot holds two tasks that both fit the spec the updater keeps the first it finds and stops the other, whichever of
 * them serves (`update/updater.go:worker`).
 */
import * as ScaleDown from "../rules/ScaleDown.ts"
import type { Snapshot } from "../Snapshot.ts"
import type { Task } from "../Task.ts"
import { servesOn } from "./Step.ts"

/**
 * The tasks of which Swarm would keep one, in slots where the one kept may be one that does not serve while another does.
 * A task without a node fits no spec but its own and is never kept; one that is not yet wanted to run is kept only where
 * no other is. Empty when every slot is safe.
 */
export const slotsAtRisk = (snapshot: Snapshot, live: ReadonlyArray<Task>): ReadonlyArray<ReadonlyArray<Task>> =>
  [...Map.groupBy(live, ({ slot }) => slot).values()].filter((tasks) => {
    if (!tasks.some((task) => servesOn(snapshot, task))) return false
    const keepable = tasks.filter((task) => task.node !== null && task.desired === "running")
    return !keepable.every((task) => servesOn(snapshot, task))
  })

/**
 * What is lost by asking for `replicas` tasks now, as a clause; null when no task that serves goes, or enough of them stay.
 * Judged by the worst of Swarm's choices.
 */
export const ofScaleDown = (snapshot: Snapshot, live: ReadonlyArray<Task>, replicas: number): string | null => {
  const { certain, possible } = ScaleDown.victims(live, replicas)
  const mayGo = new Set(possible)
  const victims = live.filter((task) => mayGo.has(task.id) && servesOn(snapshot, task))
  if (victims.length === 0) return null
  const serving = live.filter((task) => servesOn(snapshot, task)).length
  const surplus = new Set(live.map(({ slot }) => slot)).size - replicas
  const lost = certain.length === possible.length ? victims.length : Math.min(surplus, victims.length)
  return serving - lost >= replicas
    ? null
    : `Swarm would stop a task that serves on ${hostnames(snapshot, victims)}, and ${serving - lost} of ${replicas} would be left`
}

/** What is lost by giving the spec back with `replicas` tasks, as a clause; null when nothing is. */
export const ofRestore = (snapshot: Snapshot, live: ReadonlyArray<Task>, replicas: number): string | null => {
  const risky = slotsAtRisk(snapshot, live)[0]
  if (risky !== undefined) {
    const serving = risky.filter((task) => servesOn(snapshot, task))
    return `Swarm may stop the task that serves on ${hostnames(snapshot, serving)} and keep the one that does not`
  }
  return ofScaleDown(snapshot, live, replicas)
}

const hostnames = (snapshot: Snapshot, tasks: ReadonlyArray<Task>): string =>
  [...new Set(tasks.map(({ node }) => (node === null ? "no node" : (snapshot.node(node)?.hostname ?? node))))]
    .toSorted()
    .join(", ")
