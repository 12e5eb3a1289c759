/**
 * Which tasks Swarm stops when a replicated service is scaled down (swarmkit `manager/orchestrator/replicated/services.go` and
 * `slot.go`): slots sorted by "has a running task, then the lower number", each numbered as the nth copy on its node, sorted
 * by that number, the first ones kept. Node states, labels and preferences play no part.
 */
import type { NodeId, TaskId } from "../Ids.ts"
import { stateRank, stateRanks, type Task } from "../Task.ts"

/**
 * The second of SwarmKit's sorts keeps equal elements in order only up to this many (Go's `sort.Sort` is an insertion sort
 * there); beyond it any of the equal ones may go.
 */
export const stableUpTo = 12

export interface Victims {
  /** Tasks that are stopped in any case. */
  readonly certain: ReadonlyArray<TaskId>
  /** Tasks that may be stopped: the certain ones and those among which the choice is open. */
  readonly possible: ReadonlyArray<TaskId>
}

export interface RankedSlot {
  readonly tasks: ReadonlyArray<Task>
  /** nth copy on its node, from 1; Infinity for a slot without a node or with several tasks, which goes first. */
  readonly copy: number
}

/**
 * The victims of scaling to `replicas`, among the service's tasks that are wanted (`DesiredState` up to `running`; others are
 * passed over). Slots whose task has ended and is not restarted count in SwarmKit and are not seen here.
 */
export const victims = (tasks: Iterable<Task>, replicas: number): Victims => {
  const slots = rankedSlots(tasks)
  const going = slots.length - replicas
  if (going <= 0) return { certain: [], possible: [] }
  const ids = (chosen: ReadonlyArray<RankedSlot>) => chosen.flatMap((slot) => slot.tasks.map((task) => task.id))
  const boundary = slots[replicas]?.copy ?? Infinity
  const beyond = slots.filter((slot) => slot.copy > boundary)
  const equal = slots.filter((slot) => slot.copy === boundary)
  const goingOfEqual = going - beyond.length
  if (goingOfEqual === equal.length)
    return { certain: ids(slots.slice(replicas)), possible: ids(slots.slice(replicas)) }
  if (slots.length <= stableUpTo) {
    const chosen = ids(slots.slice(replicas))
    return { certain: chosen, possible: chosen }
  }
  return { certain: ids(beyond), possible: ids([...equal, ...beyond]) }
}

/** The lowest slot number that no wanted task has: where a scale-up puts its first task. */
export const firstFreeSlot = (tasks: Iterable<Task>): number => {
  const taken = new Set<number>()
  for (const task of tasks) if (isWanted(task)) taken.add(task.slot)
  let slot = 1
  while (taken.has(slot)) slot++
  return slot
}

const isWanted = (task: Task): boolean => stateRank(task.desired) <= stateRanks.running

const rankedSlots = (tasks: Iterable<Task>): ReadonlyArray<RankedSlot> => {
  const bySlot = new Map<number, Array<Task>>()
  for (const task of tasks) {
    if (!isWanted(task)) continue
    const found = bySlot.get(task.slot)
    if (found === undefined) bySlot.set(task.slot, [task])
    else found.push(task)
  }
  return rankSlots(bySlot.values())
}

/**
 * Slots, each with its tasks (at least one), in SwarmKit's order for a scale-down: the first ones are kept. Equal ones stay in
 * the order "has a running task, then the lower number", which SwarmKit promises for `stableUpTo` slots at most.
 */
export const rankSlots = (slots: Iterable<ReadonlyArray<Task>>): ReadonlyArray<RankedSlot> => {
  const hasRunning = (slot: ReadonlyArray<Task>) => slot.some((task) => task.state === "running")
  const numberOf = ([first]: ReadonlyArray<Task>) => first?.slot ?? 0
  const ordered = [...slots].toSorted(
    (a, b) => Number(hasRunning(b)) - Number(hasRunning(a)) || numberOf(a) - numberOf(b)
  )
  const copies = new Map<NodeId, number>()
  const ranked = ordered.map((slot): RankedSlot => {
    const [first, second] = slot
    if (first === undefined || second !== undefined || first.node === null) return { tasks: slot, copy: Infinity }
    const copy = (copies.get(first.node) ?? 0) + 1
    copies.set(first.node, copy)
    return { tasks: slot, copy }
  })
  return ranked.toSorted((a, b) => (a.copy === b.copy ? 0 : a.copy < b.copy ? -1 : 1))
}
