/**
 * Signals of a runtime as values: what an agent is told of one of its tasks. What follows from a signal is `Agent`'s matter.
 */
import type { TaskSignals } from "./TaskRuntime.ts"

export type Signal =
  | { readonly kind: "prepared" | "healthy" | "unhealthy" }
  | { readonly kind: "rejected"; readonly message: string }
  | { readonly kind: "started"; readonly addresses: ReadonlyArray<string> | undefined }
  | { readonly kind: "exited"; readonly exitCode: number; readonly message: string }

/** `life`: of the engine that the container was made in. */
export type Tell<A> = (life: number, task: A, signal: Signal) => void

/** Plain functions: runtimes hand them on one by one. There are six for each of 100,000 tasks, so they hold nothing else. */
export const signals = <A>(tell: Tell<A>, life: number, task: A): TaskSignals => ({
  prepared: () => tell(life, task, { kind: "prepared" }),
  rejected: (message) => tell(life, task, { kind: "rejected", message }),
  started: (addresses) => tell(life, task, { kind: "started", addresses }),
  healthy: () => tell(life, task, { kind: "healthy" }),
  unhealthy: () => tell(life, task, { kind: "unhealthy" }),
  exited: (exitCode, message = "") => tell(life, task, { kind: "exited", exitCode, message })
})
