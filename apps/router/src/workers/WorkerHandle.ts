/** One worker as the first process sees it: started, told, asked, and heard of for the last time when it ends. */
import { type ChildProcess, fork } from "node:child_process"
import type { ProxyEvent } from "../proxy/ProxyEvent.ts"
import { type FromWorker, type ToWorker, workerFlag, type WorkerReport } from "./WorkerMessage.ts"

export interface WorkerEvents {
  readonly onReady: (worker: WorkerHandle) => void
  readonly onListening: (
    worker: WorkerHandle,
    ports: { readonly port: number; readonly tlsPort: number | null }
  ) => void
  readonly onFailed: (worker: WorkerHandle, error: Error) => void
  readonly onEvent: (event: ProxyEvent) => void
  readonly onEnded: (worker: WorkerHandle, how: string) => void
}

/** Starts another process of this program as a worker. It leads a session of its own: signals are the first process's. */
export const forkSelf = (): ChildProcess =>
  fork(process.argv[1] ?? "", [workerFlag], { serialization: "advanced", detached: true, stdio: "inherit" })

export class WorkerHandle {
  readonly number: number
  readonly startedAtMs: number
  /** The last report, null before the first. */
  report: WorkerReport | null = null
  isListening = false
  private readonly child: ChildProcess
  private readonly asked = new Map<number, () => void>()
  private nextId = 1
  private hasEnded = false

  constructor(number: number, nowMs: number, child: ChildProcess, events: WorkerEvents) {
    this.number = number
    this.startedAtMs = nowMs
    this.child = child
    child.on("message", (message: FromWorker) => {
      switch (message.type) {
        case "ready":
          return events.onReady(this)
        case "listening":
          this.isListening = true
          return events.onListening(this, message)
        case "failed": {
          const { code, port } = message
          return events.onFailed(
            this,
            Object.assign(new Error(message.message), code === null ? {} : { code }, port === null ? {} : { port })
          )
        }
        case "event":
          return events.onEvent(message.event)
        case "report":
          this.report = message.report
          this.asked.get(message.id)?.()
          this.asked.delete(message.id)
      }
    })
    const end = (how: string): void => {
      if (this.hasEnded) return
      this.hasEnded = true
      for (const answer of this.asked.values()) answer()
      this.asked.clear()
      events.onEnded(this, how)
    }
    child.once("error", (error) => end(error.message))
    child.once("exit", (code, signal) => end(signal ?? `exit code ${code}`))
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  tell(message: ToWorker): void {
    // It may have ended without that having been heard yet.
    if (!this.hasEnded && this.child.connected) this.child.send(message, () => undefined)
  }

  /** Resolves when a fresh `report` is there, or after `patienceMs` without one. */
  refresh(patienceMs: number): Promise<void> {
    if (this.hasEnded || !this.isListening) return Promise.resolve()
    const id = this.nextId++
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceMs)
      this.asked.set(id, () => {
        clearTimeout(timer)
        resolve()
      })
      this.tell({ type: "report", id })
    })
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.hasEnded) this.child.kill(signal)
  }
}
