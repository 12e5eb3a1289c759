/** Questions about a task's states that several parts ask, in SwarmKit's order of states. */
import { type KnownTaskState, stateRanks } from "@evenkeel/domain/Task"
import type { NodeRecord, ServiceRecord, TaskRecord } from "./Records.ts"
import { templateOf } from "./Templates.ts"
import type { Machine } from "./Machine.ts"

export const isBeyond = (state: KnownTaskState, other: KnownTaskState): boolean => stateRanks[state] > stateRanks[other]

/** It has stopped, or never can run. */
export const hasEnded = (task: TaskRecord): boolean => isBeyond(task.state, "running")

/** It is still wanted (`DesiredState` up to RUNNING). */
export const isWanted = (task: TaskRecord): boolean => !isBeyond(task.desired, "running")

/** Wanted, or wanted to complete as tasks of jobs are. */
export const isWantedOrJob = (task: TaskRecord): boolean => !isBeyond(task.desired, "complete")

/** swarmkit `manager/orchestrator/task.go:InvalidNode`. */
export const isInvalid = (node: NodeRecord | undefined): boolean =>
  node === undefined || node.state === "down" || node.spec["Availability"] === "drain"

type NewTask = Omit<TaskRecord, "version" | "createdMillis" | "updatedMillis">

/** A task as orchestrators make it. `nodeId` is given for global services. */
export const newTask = (
  { agenda, random, store }: Machine,
  service: ServiceRecord,
  slot: number,
  nodeId: string,
  desired: KnownTaskState
): NewTask => ({
  kind: "task",
  id: random.id(),
  sequence: store.nextSequence(),
  serviceId: service.id,
  template: templateOf(service),
  slot,
  nodeId,
  desired,
  state: "new",
  message: "created",
  error: "",
  stateMillis: agenda.nowMillis,
  appliedMillis: null,
  container: null,
  attachments: [],
  jobIteration: service.jobStatus?.iteration ?? null
})

/** When its state was reached by the managers' clock, else by the agent's. */
export const timestampOf = (task: TaskRecord): number => task.appliedMillis ?? task.stateMillis
