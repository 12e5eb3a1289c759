/**
 * Runs each task as a real server of this process, on an address of its own, so that a real router can send requests to it. A
 * node's loss resets its connections, a black hole silences them. Health follows the task's health check in simulated time:
 * it passes unless the task was told to be unhealthy. When what happens is the agent's matter.
 */
import type {
  HealthCheck,
  MakeRuntime,
  RuntimeContext,
  TaskHandle,
  TaskSignals,
  TaskStart
} from "../swarm/TaskRuntime.ts"
import { LoopbackAddresses } from "./LoopbackAddresses.ts"
import { LoopbackSockets } from "./LoopbackSockets.ts"
import type { RunningWorkload, Workload } from "./Workload.ts"

export interface LoopbackOptions {
  readonly workload: Workload
  /** False: this machine has no 127.77.0.0/16; tasks get a free port of 127.0.0.1 each, which `log` names. */
  readonly hasRange: boolean
  /** What people should know, a line each. */
  readonly log: (line: string) => void
  /** Brings the simulation up to the present; called when a server has done something, in the machine's time. */
  readonly catchUp: () => void
}

/** Simulated time from a task's assignment until its container exists: what a node needs that has the image. */
const prepareMillis = 300

const defaultPort = 8080

/** Killed by a signal, as the engine reports it. */
const killedExitCode = 137

export const loopbackRuntime =
  (options: LoopbackOptions): MakeRuntime =>
  (context) => {
    const addresses = new LoopbackAddresses()
    const sockets = new LoopbackSockets()
    return {
      prepare: (start, signals, extraMillis) =>
        new LoopbackTask(options, context, addresses, sockets, start, signals).prepare(extraMillis)
    }
  }

const environmentOf = (start: TaskStart): Readonly<Record<string, string>> =>
  Object.fromEntries(
    start.env.map((line) => {
      const at = line.indexOf("=")
      return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)]
    })
  )

class LoopbackTask {
  readonly #options: LoopbackOptions
  readonly #context: RuntimeContext
  readonly #addresses: LoopbackAddresses
  readonly #sockets: LoopbackSockets
  readonly #start: TaskStart
  readonly #signals: TaskSignals
  readonly #address: string
  readonly #cancels = new Set<() => void>()
  #extraMillis = 0
  #port: number
  #running: RunningWorkload | null = null
  #isFrozen = false
  #isHealthy = true
  #isOver = false

  constructor(
    options: LoopbackOptions,
    context: RuntimeContext,
    addresses: LoopbackAddresses,
    sockets: LoopbackSockets,
    start: TaskStart,
    signals: TaskSignals
  ) {
    this.#options = options
    this.#context = context
    this.#addresses = addresses
    this.#sockets = sockets
    this.#start = start
    this.#signals = signals
    this.#address = options.hasRange ? addresses.take() : "127.0.0.1"
    this.#port = options.hasRange ? Number(environmentOf(start)["EVENKEEL_VVM_PORT"] ?? defaultPort) : 0
  }

  prepare(extraMillis: number): TaskHandle {
    this.#extraMillis = extraMillis
    this.#later(prepareMillis, () => this.#signals.prepared())
    return {
      start: () => this.#later(this.#extraMillis, () => void this.#launch()),
      stop: (graceMillis) => void this.#stop(graceMillis),
      kill: () => this.#kill(),
      freeze: () => this.#freeze(),
      thaw: () => this.#thaw(),
      setHealthy: (isHealthy) => void (this.#isHealthy = isHealthy)
    }
  }

  #later(delayMillis: number, action: () => void): void {
    const cancel = this.#context.schedule(delayMillis, () => {
      this.#cancels.delete(cancel)
      if (!this.#isOver) action()
    })
    this.#cancels.add(cancel)
  }

  async #launch(): Promise<void> {
    const task = this.#start
    try {
      const env = environmentOf(task)
      const running = await this.#options.workload({ task, env, address: this.#address, port: this.#port })
      if (this.#isOver) return running.destroy()
      this.#running = running
      this.#port = running.port
    } catch (cause) {
      if (this.#isOver) return
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.#options.log(
        `task ${task.taskId} of ${task.serviceName} cannot listen on ${this.#address}:${this.#port}: ${reason}`
      )
      this.#end()
      return this.#tell(() => this.#signals.exited(1, `starting the server failed: ${reason}`))
    }
    this.#sockets.watch(this.#address, this.#port)
    if (this.#isFrozen) this.#freeze()
    void this.#running.ended?.then((exitCode) => this.#ended(exitCode))
    if (!this.#options.hasRange)
      this.#options.log(`${task.serviceName} on ${task.hostname}: http://127.0.0.1:${this.#port}`)
    const { healthCheck } = task
    this.#tell(() => {
      this.#signals.started(task.addresses.map(() => `${this.#address}/8`))
      if (healthCheck !== null && !this.#isOver) this.#probe(healthCheck, 0)
    })
  }

  /** From a server's callback into the simulation. */
  #tell(signal: () => void): void {
    this.#options.catchUp()
    this.#context.schedule(0, signal)
  }

  /** One probe an interval; so many failures in a row as the check allows make the task unhealthy. */
  #probe(check: HealthCheck, failures: number): void {
    this.#later(check.intervalMillis, () => {
      if (this.#isHealthy) {
        this.#signals.healthy()
        return this.#probe(check, 0)
      }
      if (failures + 1 >= check.retries) return this.#signals.unhealthy()
      this.#probe(check, failures + 1)
    })
  }

  async #stop(graceMillis: number): Promise<void> {
    const running = this.#running
    if (this.#isOver) return
    if (running === null) {
      this.#end()
      return this.#signals.exited(0)
    }
    this.#later(graceMillis, () => {
      this.#end()
      this.#signals.exited(killedExitCode)
    })
    await running
      .close()
      .catch((cause: unknown) => this.#options.log(`closing ${this.#address} failed: ${String(cause)}`))
    if (this.#isOver) return
    this.#end()
    this.#tell(() => this.#signals.exited(0))
  }

  #kill(): void {
    if (!this.#isOver) this.#end()
  }

  /** Not by our doing. */
  #ended(exitCode: number): void {
    if (this.#isOver) return
    this.#end()
    this.#tell(() => this.#signals.exited(exitCode))
  }

  /** Nothing of the task is left, and no signal follows but the one that the caller sends. */
  #end(): void {
    this.#isOver = true
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
    this.#sockets.reset(this.#address, this.#port)
    this.#running?.destroy()
    this.#sockets.unwatch(this.#address, this.#port)
    if (this.#options.hasRange) this.#addresses.release(this.#address)
  }

  #freeze(): void {
    this.#isFrozen = true
    this.#sockets.freeze(this.#address, this.#port)
    this.#running?.freeze?.()
  }

  #thaw(): void {
    this.#isFrozen = false
    this.#sockets.thaw(this.#address, this.#port)
    this.#running?.thaw?.()
  }
}
