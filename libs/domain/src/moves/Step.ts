/** The vocabulary of moves under way: what is observed of one, and what can be done next. Decides nothing. */
import type { NodeId, TaskId } from "../Ids.ts"
import type { MoveJournal } from "../MoveJournal.ts"
import type { Service } from "../Service.ts"
import type { Snapshot } from "../Snapshot.ts"
import { stateRank, stateRanks, type Task } from "../Task.ts"

export type NextStep =
  /** No trace of a move in this service. */
  | { readonly _tag: "Nothing" }
  /** The move is under way and needs time. */
  | { readonly _tag: "Wait"; readonly because: string }
  /** Put the user's spec back; the move is done, or it is given up. */
  | {
      readonly _tag: "Restore"
      readonly outcome: "completed" | "undone"
      readonly because: string
      /** What the move changed; null where only its marks in the spec tell. */
      readonly journal: MoveJournal | null
    }
  /**
   * Give the move up, in a way that lets Swarm stop only tasks that do not serve: the move's constraint is replaced by one
   * that holds where tasks serve and not where they never came up. `Restore` follows.
   */
  | {
      readonly _tag: "Withdraw"
      readonly because: string
      readonly journal: MoveJournal
      readonly constraint: string
    }
  /** Write the unchanged spec once more: `PreviousSpec` still holds the move. */
  | { readonly _tag: "Settle" }
  /** Neither going on nor going back is safe now: an operator should look. Asked again at every reading. */
  | { readonly _tag: "Hold"; readonly because: string }

export interface Observation {
  readonly snapshot: Snapshot
  readonly service: Service
  readonly nowMillis: number
  /** For how long the task has been seen serving by this instance, in milliseconds; null when it does not serve. */
  readonly servingForMillis: (task: TaskId) => number | null
  /** How long the new task must serve before the old one is let go. */
  readonly stabilityMillis: number
  /** This process is ending: leave the move in a safe end now if there is one. */
  readonly stopping: boolean
}

export const wait = (because: string): NextStep => ({ _tag: "Wait", because })

export const hold = (because: string): NextStep => ({ _tag: "Hold", because })

/** Wanted by Swarm: running or on its way there. */
export const isLive = (task: Task): boolean => stateRank(task.desired) <= stateRanks.running

/** The service's tasks that Swarm means to keep. */
export const liveTasks = ({ service, snapshot }: Pick<Observation, "service" | "snapshot">): ReadonlyArray<Task> =>
  snapshot.tasksOfService(service.id).filter(isLive)

/** Serves, on a node that the managers still hear of: on any other a task is not counted on. */
export const servesOn = (snapshot: Snapshot, task: Task): boolean =>
  task.isServing && task.node !== null && snapshot.node(task.node)?.state === "ready"

/** Why tasks cannot come up on the node; null when they can, or when a new leader has yet to hear of it and time will tell. */
export const nodeProblem = (snapshot: Snapshot, id: NodeId): string | null => {
  const node = snapshot.node(id)
  if (node === undefined) return "the target node has left the Swarm"
  const isUnheardOf = node.state === "unknown" && node.availability === "active"
  return node.isSchedulable || isUnheardOf
    ? null
    : `the target node ${node.hostname} is ${node.state}, ${node.availability}`
}

/** Rolling updates that run, and those that wait for a person (swarmkit `update/updater.go`). */
const running = new Set(["updating", "rollback_started"])
const waiting = new Set(["paused", "rollback_paused"])

export const isRolling = ({ updateState }: Service): boolean => updateState !== null && running.has(updateState)

export const isPaused = ({ updateState }: Service): boolean => updateState !== null && waiting.has(updateState)

export const isRollback = ({ updateState }: Service): boolean => updateState?.startsWith("rollback") === true
