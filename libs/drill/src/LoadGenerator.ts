/**
 * Load in a thread of its own, so that what the caller does meanwhile neither delays it nor shows in its figures. A thin handle:
 * what is sent and measured is `LoadEngine`'s.
 */
import { Worker } from "node:worker_threads"
import type { LoadOptions } from "./LoadEngine.ts"
import type { FromWorker, ToWorker } from "./LoadMessage.ts"
import type { LoadReport } from "./LoadReport.ts"

/** Represents a load thread that ended by itself; what it measured is gone. */
export class LoadThreadEnded extends Error {
  override readonly name = "LoadThreadEnded"
}

export interface StartOptions extends LoadOptions {
  /** The worker's module; by default the one beside this module. Bundles name their own copy. */
  readonly workerUrl?: URL
}

const ownWorker = (): URL =>
  import.meta.url.endsWith(".ts")
    ? new URL("./LoadWorker.ts", import.meta.url)
    : new URL("./LoadWorker.js", import.meta.url)

interface Waiting {
  readonly resolve: (report: LoadReport) => void
  readonly reject: (error: Error) => void
}

export class LoadGenerator {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #ended: Error | undefined
  #stopped: Promise<LoadReport> | undefined

  /** Starts the load at once. */
  static start(options: StartOptions): LoadGenerator {
    return new LoadGenerator(options)
  }

  private constructor({ workerUrl, ...options }: StartOptions) {
    this.#worker = new Worker(workerUrl ?? ownWorker(), {
      execArgv: ["--conditions=@evenkeel/source"],
      workerData: options
    })
    this.#worker.on("message", ({ id, report }: FromWorker) => {
      this.#waiting.get(id)?.resolve(report)
      this.#waiting.delete(id)
    })
    this.#worker.on("error", (error) => this.#end(error instanceof Error ? error.message : String(error)))
    this.#worker.on("exit", (code) => this.#end(`exit code ${code}`))
  }

  /** From now on requests belong to the phase `name`. */
  beginPhase(name: string): void {
    this.#tell({ type: "phase", name })
  }

  /** New load goes to `active`; failures on connections to `dead` are counted apart. */
  setTargets(active: ReadonlyArray<string>, dead: ReadonlyArray<string>): void {
    this.#tell({ type: "targets", active, dead })
  }

  /** What was measured so far. Rejects with `LoadThreadEnded`. */
  report(): Promise<LoadReport> {
    return this.#ask("report")
  }

  /** Sends no more, waits for what is under way, reports and ends the thread. Later calls give the same report. */
  stop(): Promise<LoadReport> {
    this.#stopped ??= this.#ask("stop").finally(() => this.#worker.terminate())
    return this.#stopped
  }

  /** Ends the thread at once, with what is under way; what was measured since the last report is gone. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #ask(type: "report" | "stop"): Promise<LoadReport> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#tell({ type, id })
    })
  }

  #end(why: string): void {
    this.#ended ??= new LoadThreadEnded(`the load's thread ended: ${why}`)
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }
}
