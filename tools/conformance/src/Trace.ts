/**
 * What happened in a run of a scenario, free of what may differ between two runs of the same Swarm: ids became names,
 * addresses, times and container ids are gone. Placements, states, texts and specs are kept.
 *
 * A task's name is `<service>.<slot>#<n>`, the nth task of that slot by creation; tasks of global services have the node's
 * name for a slot.
 */
import type { EngineObject } from "./EngineValue.ts"

/** How an engine answered a request, or a command ended. */
export interface Answer {
  /** HTTP status; of a command its exit code. */
  readonly status: number
  /** The error's body, or what a step keeps of a good one. */
  readonly body?: unknown
}

/** A task within one step: only what changed, or all of it in the step in which it appeared. */
export interface TaskTrace {
  readonly name: string
  /** Hostname; empty while no node is chosen. */
  readonly node: string
  /** `Status.State` in the order of observation; the first is the state that the step began with. */
  readonly states: ReadonlyArray<string>
  readonly desired: ReadonlyArray<string>
  readonly message: string
  readonly error: string
  /** Exit code of its container, where the engine shows one. */
  readonly exitCode?: number
  /** Which of the task templates that the service has had so far this task was made from, from 1; 0: none of them. */
  readonly template: number
  /** Names of its networks, sorted. */
  readonly networks: ReadonlyArray<string>
  /** No longer listed at the end of the step. */
  readonly gone?: true
  /** Its place in the order of creation within this step, from 1; absent if it was there before. */
  readonly created?: number
  /** States in which it stayed so long that no observer can have missed them. */
  readonly lasting: ReadonlyArray<string>
}

export interface ServiceTrace {
  readonly name: string
  readonly spec: unknown
  readonly previousSpec?: unknown
  readonly endpointSpec?: unknown
  /** `state: message` in the order of observation; "none" while there is no UpdateStatus. */
  readonly updates: ReadonlyArray<string>
}

export interface NodeTrace {
  readonly name: string
  readonly role: string
  readonly availability: string
  readonly labels: EngineObject
  /** `Status.State` in the order of observation. */
  readonly states: ReadonlyArray<string>
  readonly message: string
  /** What the others say of a manager, in a Swarm of several. */
  readonly reachability?: string
}

export interface StepTrace {
  readonly step: string
  /** Whom the step was done to, where it names a node by its part. */
  readonly on?: string
  /** Who led, in the order of observation, in a Swarm of several managers. */
  readonly leaders?: ReadonlyArray<string>
  readonly answer: Answer | null
  /** Whether the step's conditions came about in time. */
  readonly reached: boolean
  readonly tasks: ReadonlyArray<TaskTrace>
  /** Tasks that were running and wanted before and after the step. */
  readonly survived: ReadonlyArray<string>
  /** Services whose spec, previous spec or update status changed; a removed one is named in `removed`. */
  readonly services: ReadonlyArray<ServiceTrace>
  readonly removed: ReadonlyArray<string>
  /** Services that were written: their version is another than before. Not in older recordings. */
  readonly written?: ReadonlyArray<string>
  /** Nodes that changed. */
  readonly nodes: ReadonlyArray<NodeTrace>
  /** `<kind> <name> <action> <attribute>=<value> …` in order. */
  readonly events: ReadonlyArray<string>
}

/** What the Swarm was made of: an embedded one is built alike. */
export interface NodeShape {
  readonly name: string
  readonly role: "manager" | "worker"
  readonly nanoCpus: number
  readonly memoryBytes: number
  readonly architecture: string
  readonly os: string
}

export interface Trace {
  readonly scenario: string
  /** Who made it: `engine 20.10.24` or `embedded`. */
  readonly by: string
  readonly nodes: ReadonlyArray<NodeShape>
  /** Who led at first, in a Swarm of several managers. */
  readonly leader?: string
  readonly steps: ReadonlyArray<StepTrace>
}

/** One line of JSON for the head and one for each step: small, and differences between two recordings can be read. */
export const encode = (trace: Trace): string => {
  const { steps, ...head } = trace
  return [head, ...steps].map((line) => `${JSON.stringify(line)}\n`).join("")
}

/** The inverse of {@link encode}. */
export const decode = (text: string): Trace => {
  const [head, ...steps] = text.split("\n").filter((line) => line !== "")
  if (head === undefined) throw new Error("A trace has at least a head, this file is empty: record it again.")
  return {
    ...(JSON.parse(head) as Omit<Trace, "steps">),
    steps: steps.map((line) => JSON.parse(line) as StepTrace)
  }
}
