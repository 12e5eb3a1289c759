/**
 * How soon the Swarm is read again. Pure: it judges a snapshot and computes times; it reads no clock and waits for nothing.
 */
import type { NodeId } from "@evenkeel/domain/Ids"
import type { Node } from "@evenkeel/domain/Node"
import type { Service } from "@evenkeel/domain/Service"
import type { Snapshot } from "@evenkeel/domain/Snapshot"
import { stateRank, stateRanks, type Task } from "@evenkeel/domain/Task"

export interface Pace {
  /** Between the beginnings of two readings while nothing happens. Defaults to 1000. */
  readonly idleIntervalMs: number
  /** The same while something does. Defaults to 200. */
  readonly busyIntervalMs: number
  /** How long after an event or a call of `hurry` something still happens. Defaults to 5000. */
  readonly freshForMs: number
}

export const defaults: Pace = { idleIntervalMs: 1000, busyIntervalMs: 200, freshForMs: 5000 }

/** However long a reading takes, the next begins after at most this. */
export const longestIntervalMs = 10_000

/** However often readings fail, the next attempt begins after at most this: an election lasts seconds, and then every one counts. */
export const longestFailureIntervalMs = 2000

/** Readings may take a tenth of the time. */
const costFactor = 10

/** For each millisecond of this process's own work on a reading the engine is taken to have worked three. */
const engineFactor = 3

/** Of the time by the clock at least this share counts: an engine that is slow is not asked all the time. */
const waitedShare = 0.25

/**
 * What a reading costs, in milliseconds. By the clock it is long on a busy machine, however little was done: there the work that
 * this process did tells more.
 */
export const costOf = (tookMillis: number, ownCpuMillis: number | undefined): number =>
  ownCpuMillis === undefined
    ? tookMillis
    : Math.min(tookMillis, Math.max(ownCpuMillis * (1 + engineFactor), tookMillis * waitedShare))

/** How many of the last readings tell what one costs. */
export const rememberedCosts = 3

/**
 * The cost is the shortest of the last readings: one that had to wait for an election or a busy machine does not slow down
 * those after it, three in a row do.
 */
export const intervalMs = (pace: Pace, isBusy: boolean, lastCostsMillis: ReadonlyArray<number>): number => {
  const cost = lastCostsMillis.length === 0 ? 0 : Math.min(...lastCostsMillis)
  const wanted = isBusy ? pace.busyIntervalMs : pace.idleIntervalMs
  return Math.max(wanted, Math.min(cost * costFactor, longestIntervalMs))
}

/** After the first failure in a row the busy interval, then twice as long each time. */
export const failureIntervalMs = (pace: Pace, failures: number): number =>
  Math.min(pace.busyIntervalMs * 2 ** Math.min(Math.max(failures - 1, 0), 10), longestFailureIntervalMs)

/** On its way to running. One that waits for its restart delay (ready, and wanted no further) may wait for hours. */
const isStarting = (task: Task): boolean => {
  const rank = stateRank(task.state)
  if (rank < stateRanks.assigned || rank >= stateRanks.running) return false
  return stateRank(task.desired) <= stateRanks.running && !(task.state === "ready" && task.desired === "ready")
}

/** Whether it starts or drains. Tasks of nodes that are down are passed over: nobody will ever report how they ended. */
export const isTaskMoving = (task: Task, node: (id: NodeId) => Node | undefined): boolean =>
  (task.isDraining || isStarting(task)) && task.node !== null && node(task.node)?.state === "ready"

export const isUpdating = ({ updateState }: Service): boolean =>
  updateState === "updating" || updateState === "rollback_started"

/** Whether the Swarm itself is at work: a rolling update, or a task that starts or drains. */
export const isSwarmBusy = (snapshot: Snapshot): boolean =>
  snapshot.services.some(isUpdating) || snapshot.tasks.some((task) => isTaskMoving(task, (id) => snapshot.node(id)))
