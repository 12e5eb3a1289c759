/** A task as its own node has it, and what the node tells of it. What happens to it there is `Agent`'s matter. */
import type { KnownTaskState } from "@evenkeel/domain/Task"
import type { ContainerStatus, TaskRecord } from "./Records.ts"
import type { TaskHandle } from "./TaskRuntime.ts"

/** What an agent tells of a task. */
export interface TaskReport {
  readonly state: KnownTaskState
  readonly message: string
  readonly error: string
  readonly stateMillis: number
  readonly container: ContainerStatus | null
  /** Addresses that the runtime gave instead of the allocator's, in the order of the attachments. */
  readonly addresses: ReadonlyArray<string> | null
}

export interface LocalTask {
  task: TaskRecord
  desired: KnownTaskState
  report: TaskReport
  handle: TaskHandle | null
  /** The container is being shut down: because that is wanted, or because it is unhealthy. */
  stopping: "no" | "wanted" | "unhealthy"
}

/** As its node takes it over from the managers. */
export const localTask = (task: TaskRecord): LocalTask => {
  const { container, error, message, state, stateMillis } = task
  const report: TaskReport = { state, message, error, stateMillis, container, addresses: null }
  return { task, desired: task.desired, report, handle: null, stopping: "no" }
}

/** What the engine shows of a task that ended before it had a container. */
export const noContainer: ContainerStatus = { containerId: "", pid: 0, exitCode: 0 }

/** The engine's words for the end of a process that is an error. */
export const exitText = (code: number, isUnhealthy: boolean): string =>
  `task: non-zero exit (${code})${isUnhealthy ? ": dockerexec: unhealthy container" : ""}`
