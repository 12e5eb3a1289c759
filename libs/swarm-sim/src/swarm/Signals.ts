/**
 * Signals of a runtime as values: what an agent is told of one of its tasks. One small object for each task, where six functions
 * would do, because there are 100,000 tasks. What follows from a signal is `Agent`'s matter.
 */
import type { TaskSignals } from "./TaskRuntime.ts"

export type Signal =
  | { readonly kind: "prepared" | "healthy" | "unhealthy" }
  | { readonly kind: "rejected"; readonly message: string }
  | { readonly kind: "started"; readonly addresses: ReadonlyArray<string> | undefined }
  | { readonly kind: "exited"; readonly exitCode: number; readonly message: string }

/** `life`: of the engine that the container was made in. */
export type Tell<A> = (life: number, task: A, signal: Signal) => void

export class Signals<A> implements TaskSignals {
  readonly #tell: Tell<A>
  readonly #life: number
  readonly #task: A

  constructor(tell: Tell<A>, life: number, task: A) {
    this.#tell = tell
    this.#life = life
    this.#task = task
  }

  prepared(): void {
    this.#tell(this.#life, this.#task, { kind: "prepared" })
  }

  rejected(message: string): void {
    this.#tell(this.#life, this.#task, { kind: "rejected", message })
  }

  started(addresses?: ReadonlyArray<string>): void {
    this.#tell(this.#life, this.#task, { kind: "started", addresses })
  }

  healthy(): void {
    this.#tell(this.#life, this.#task, { kind: "healthy" })
  }

  unhealthy(): void {
    this.#tell(this.#life, this.#task, { kind: "unhealthy" })
  }

  exited(exitCode: number, message = ""): void {
    this.#tell(this.#life, this.#task, { kind: "exited", exitCode, message })
  }
}
